"""From many films to a data set on the disk that survives interruptions and can be made again."""
