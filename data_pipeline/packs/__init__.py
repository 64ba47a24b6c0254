"""Pictures with disparity in HDF5 files, and batches from them."""
