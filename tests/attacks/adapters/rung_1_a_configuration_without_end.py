# A configuration nested beyond reading.
(adapter / CONFIG).write_text('{"r":' * 12_000)
