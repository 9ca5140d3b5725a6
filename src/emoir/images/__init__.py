"""Files and bytes to upright sRGB pixels; folders to files; pixels to palettes and descriptors."""
