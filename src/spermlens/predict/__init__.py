"""From files to rows: read, frame, look from several sides, calibrate, decide."""
