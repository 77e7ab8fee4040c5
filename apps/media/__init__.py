"""Videos, images and folders of images, read and written."""
