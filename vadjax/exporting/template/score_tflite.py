"""Score a video with this folder.

python score.py VIDEO > scores.csv

Needs ai-edge-litert (or another interpreter of TensorFlow Lite), numpy and Pillow; PyAV for video
files. A VIDEO may be a folder of images.
"""

from common import HERE, main


def load(about):
    """Return the programs by name, each a function of arrays that gives a list of arrays."""
    from ai_edge_litert.interpreter import Interpreter

    def program(name, file):
        interpreter = Interpreter(model_content=(HERE / file).read_bytes())
        run = interpreter.get_signature_runner("serving_default")
        spec = about["programs"][name]
        names = [[one["name"] for one in spec[side]] for side in ("inputs", "outputs")]

        def call(*arrays):
            found = run(**dict(zip(names[0], arrays, strict=True)))
            return [found[one] for one in names[1]]

        return call

    return {name: program(name, file) for name, file in about["files"].items()}


if __name__ == "__main__":
    main(load)
