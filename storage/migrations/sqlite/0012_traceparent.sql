-- Where in which trace (W3C Trace Context) the request was that asked for a job.
ALTER TABLE jobs ADD COLUMN traceparent TEXT;
