"""Recordings of people moving: readers, curation, resampling, keypoints, and the HDF5 store."""
