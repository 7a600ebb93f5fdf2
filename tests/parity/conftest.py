"""timm imports torchvision, which not every machine with torch has."""

from tools.torchvision_stand_in import install

install()
