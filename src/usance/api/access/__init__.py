"""What customers may use, over HTTP: listed, checked, explained, as snapshots, as a stream."""
