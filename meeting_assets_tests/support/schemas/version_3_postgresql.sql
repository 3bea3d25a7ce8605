CREATE TABLE recordings (
	recording_id UUID NOT NULL,
	bot_id UUID,
	bot_name VARCHAR,
	platform VARCHAR,
	title VARCHAR,
	status VARCHAR NOT NULL,
	sub_code VARCHAR,
	api_updated_at TIMESTAMP WITH TIME ZONE,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE,
	completed_at TIMESTAMP WITH TIME ZONE,
	expires_at TIMESTAMP WITH TIME ZONE,
	duration_s FLOAT,
	scheduled_at TIMESTAMP WITH TIME ZONE,
	day DATE NOT NULL,
	deleted_at TIMESTAMP WITH TIME ZONE,
	observed_at TIMESTAMP WITH TIME ZONE,
	missing_since TIMESTAMP WITH TIME ZONE,
	listing_sha256 VARCHAR,
	PRIMARY KEY (recording_id)
);

CREATE INDEX ix_recordings_day ON recordings (day);

CREATE TABLE artifacts (
	recording_id UUID NOT NULL,
	kind VARCHAR NOT NULL,
	artifact_id VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	api_status VARCHAR,
	sub_code VARCHAR,
	api_updated_at TIMESTAMP WITH TIME ZONE,
	api_created_at TIMESTAMP WITH TIME ZONE,
	missing_since TIMESTAMP WITH TIME ZONE,
	provider VARCHAR,
	raw_key VARCHAR,
	sha256 VARCHAR,
	size_bytes BIGINT,
	row_count BIGINT,
	replaced_rows INTEGER,
	repaired_chars BIGINT,
	parser_version VARCHAR,
	error VARCHAR,
	attempts INTEGER NOT NULL,
	next_attempt_at TIMESTAMP WITH TIME ZONE,
	is_waiting BOOLEAN,
	worker VARCHAR,
	load_attempts INTEGER,
	fetched_at TIMESTAMP WITH TIME ZONE,
	parsed_at TIMESTAMP WITH TIME ZONE,
	observed_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (recording_id, kind, artifact_id)
);

CREATE INDEX ix_artifacts_status ON artifacts (status);

CREATE TABLE webhook_events (
	message_id VARCHAR NOT NULL,
	event VARCHAR NOT NULL,
	recording_id UUID NOT NULL,
	artifact_id UUID,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	handled_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (message_id)
);

CREATE INDEX ix_webhook_events_recording_id ON webhook_events (recording_id);

CREATE INDEX webhook_events_waiting ON webhook_events (received_at) WHERE handled_at IS NULL;

CREATE TABLE meta (
	name VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	PRIMARY KEY (name)
);

CREATE TABLE tombstones (
	recording_id UUID NOT NULL,
	day DATE,
	purged_at TIMESTAMP WITH TIME ZONE NOT NULL,
	reason VARCHAR NOT NULL,
	finished_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (recording_id)
);

CREATE TABLE artifact_tombstones (
	recording_id UUID NOT NULL,
	kind VARCHAR NOT NULL,
	artifact_id VARCHAR NOT NULL,
	day DATE,
	purged_at TIMESTAMP WITH TIME ZONE NOT NULL,
	reason VARCHAR NOT NULL,
	finished_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (recording_id, kind, artifact_id)
);

CREATE TABLE run_heartbeats (
	run_id VARCHAR NOT NULL,
	boot_id VARCHAR,
	pid_namespace VARCHAR,
	pid BIGINT,
	start_ticks BIGINT,
	hostname VARCHAR,
	started_at TIMESTAMP WITH TIME ZONE,
	beat_at TIMESTAMP WITH TIME ZONE,
	suspected_at TIMESTAMP WITH TIME ZONE,
	failed_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (run_id)
);

CREATE TABLE participants (
	recording_id UUID NOT NULL,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	name VARCHAR,
	email VARCHAR,
	is_host BOOLEAN,
	is_bot BOOLEAN NOT NULL,
	client_kind VARCHAR,
	extra_data JSON,
	person_key VARCHAR,
	PRIMARY KEY (recording_id, participant_key)
);

CREATE INDEX ix_participants_person_key ON participants (person_key);

CREATE TABLE participant_events (
	recording_id UUID NOT NULL,
	event_index INTEGER NOT NULL,
	event_id VARCHAR,
	action VARCHAR NOT NULL,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	participant_name VARCHAR,
	at TIMESTAMP WITH TIME ZONE,
	at_s FLOAT,
	chat_text VARCHAR,
	chat_to VARCHAR,
	PRIMARY KEY (recording_id, event_index)
);

CREATE TABLE speaker_timeline (
	recording_id UUID NOT NULL,
	segment_index INTEGER NOT NULL,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	speaker_name VARCHAR,
	start_s FLOAT,
	end_s FLOAT,
	start_at TIMESTAMP WITH TIME ZONE,
	end_at TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (recording_id, segment_index)
);

CREATE TABLE transcripts (
	recording_id UUID NOT NULL,
	transcript_id UUID NOT NULL,
	provider VARCHAR,
	language_codes VARCHAR,
	created_at TIMESTAMP WITH TIME ZONE,
	is_primary BOOLEAN NOT NULL,
	is_unspaced BOOLEAN NOT NULL,
	utterance_count INTEGER NOT NULL,
	timed_unit_count INTEGER NOT NULL,
	word_count INTEGER NOT NULL,
	PRIMARY KEY (recording_id, transcript_id)
);

CREATE TABLE transcript_utterances (
	recording_id UUID NOT NULL,
	transcript_id UUID NOT NULL,
	utterance_index INTEGER NOT NULL,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	speaker_name VARCHAR,
	language_code VARCHAR,
	start_s FLOAT,
	end_s FLOAT,
	word_count INTEGER NOT NULL,
	text VARCHAR NOT NULL,
	PRIMARY KEY (recording_id, transcript_id, utterance_index)
);

CREATE TABLE transcript_words (
	recording_id UUID NOT NULL,
	transcript_id UUID NOT NULL,
	word_index INTEGER NOT NULL,
	utterance_index INTEGER NOT NULL,
	participant_key VARCHAR NOT NULL,
	start_s FLOAT,
	end_s FLOAT,
	text VARCHAR NOT NULL,
	PRIMARY KEY (recording_id, transcript_id, word_index)
);

CREATE TABLE provider_parts (
	recording_id UUID NOT NULL,
	transcript_id UUID NOT NULL,
	part_index INTEGER NOT NULL,
	part_id VARCHAR,
	created_at TIMESTAMP WITH TIME ZONE,
	type VARCHAR NOT NULL,
	source_type VARCHAR,
	offset_s FLOAT,
	participant_key VARCHAR NOT NULL,
	payload JSON,
	PRIMARY KEY (recording_id, transcript_id, part_index)
);

CREATE TABLE video_parts (
	recording_id UUID NOT NULL,
	part_index INTEGER NOT NULL,
	part_id VARCHAR,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	type VARCHAR,
	start_s FLOAT,
	start_at TIMESTAMP WITH TIME ZONE,
	duration_s FLOAT,
	media_key VARCHAR,
	media_size_bytes BIGINT,
	media_sha256 VARCHAR,
	PRIMARY KEY (recording_id, part_index)
);

CREATE TABLE audio_parts (
	recording_id UUID NOT NULL,
	part_index INTEGER NOT NULL,
	part_id VARCHAR,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	type VARCHAR,
	start_s FLOAT,
	start_at TIMESTAMP WITH TIME ZONE,
	duration_s FLOAT,
	media_key VARCHAR,
	media_size_bytes BIGINT,
	media_sha256 VARCHAR,
	PRIMARY KEY (recording_id, part_index)
);

CREATE TABLE participant_metrics (
	recording_id UUID NOT NULL,
	participant_key VARCHAR NOT NULL,
	name VARCHAR,
	person_key VARCHAR,
	is_listed BOOLEAN NOT NULL,
	talk_time_s FLOAT,
	talk_ratio FLOAT,
	talk_share FLOAT,
	solo_talk_s FLOAT,
	overlapped_talk_s FLOAT,
	talk_to_listen FLOAT,
	word_count INTEGER,
	word_share FLOAT,
	words_per_minute FLOAT,
	filler_count INTEGER,
	fillers_per_100_words FLOAT,
	extended_filler_count INTEGER,
	question_count INTEGER,
	turn_count INTEGER,
	run_count INTEGER,
	mean_turn_s FLOAT,
	median_turn_s FLOAT,
	longest_monologue_s FLOAT,
	longest_uninterrupted_s FLOAT,
	reply_count INTEGER,
	response_latency_s FLOAT,
	interruptions_made INTEGER,
	interruptions_successful INTEGER,
	interruptions_received INTEGER,
	backchannel_count INTEGER,
	attended_s FLOAT,
	attendance_ratio FLOAT,
	presence_talk_ratio FLOAT,
	first_join_s FLOAT,
	last_leave_s FLOAT,
	join_count INTEGER,
	joined_late_s FLOAT,
	left_early_s FLOAT,
	webcam_on_s FLOAT,
	webcam_ratio FLOAT,
	screenshare_s FLOAT,
	chat_messages INTEGER,
	chat_words INTEGER,
	PRIMARY KEY (recording_id, participant_key)
);

CREATE INDEX ix_participant_metrics_person_key ON participant_metrics (person_key);

CREATE TABLE person_metrics (
	recording_id UUID NOT NULL,
	person_key VARCHAR NOT NULL,
	participant_count INTEGER NOT NULL,
	talk_time_s FLOAT,
	persons_talk_s FLOAT,
	talk_share FLOAT,
	attended_s FLOAT,
	presence_talk_ratio FLOAT,
	word_count INTEGER,
	word_share FLOAT,
	words_per_minute FLOAT,
	filler_count INTEGER,
	interruptions_made INTEGER,
	interruptions_successful INTEGER,
	interruptions_received INTEGER,
	PRIMARY KEY (recording_id, person_key)
);

CREATE TABLE meeting_metrics (
	recording_id UUID NOT NULL,
	transcript_id UUID,
	config_version VARCHAR NOT NULL,
	inputs_hash VARCHAR NOT NULL,
	timing_source VARCHAR,
	dropped_intervals INTEGER,
	open_intervals INTEGER,
	clipped_intervals INTEGER,
	duration_s FLOAT,
	duration_extended_s FLOAT,
	span_s FLOAT,
	speech_s FLOAT,
	talk_s FLOAT,
	silence_s FLOAT,
	silence_ratio FLOAT,
	longest_silence_s FLOAT,
	dead_air_count INTEGER,
	first_speech_s FLOAT,
	overlap_s FLOAT,
	overlap_ratio FLOAT,
	overlap_ratio_span FLOAT,
	bot_speech_s FLOAT,
	unattributed_speech_s FLOAT,
	gini_talk FLOAT,
	gini_talk_attendees FLOAT,
	entropy_talk FLOAT,
	dominance FLOAT,
	silent_participants INTEGER,
	participant_count INTEGER NOT NULL,
	turn_count INTEGER,
	run_count INTEGER,
	mean_turn_s FLOAT,
	median_turn_s FLOAT,
	longest_monologue_s FLOAT,
	longest_monologue_start_s FLOAT,
	longest_monologue_key VARCHAR,
	longest_uninterrupted_s FLOAT,
	speaker_switches INTEGER,
	interactivity_per_min FLOAT,
	tied_ipus INTEGER,
	turn_count_sd FLOAT,
	fto_median_s FLOAT,
	fto_count INTEGER,
	response_latency_s FLOAT,
	gap_count INTEGER,
	pause_count INTEGER,
	overlap_between_count INTEGER,
	overlap_within_count INTEGER,
	interruption_count INTEGER,
	backchannel_count INTEGER,
	word_count INTEGER,
	words_per_minute FLOAT,
	question_count INTEGER,
	person_count INTEGER NOT NULL,
	peak_concurrency INTEGER,
	mean_concurrency FLOAT,
	attended_hours FLOAT,
	late_joiners INTEGER,
	inputs VARCHAR,
	PRIMARY KEY (recording_id)
);

CREATE TABLE turns (
	recording_id UUID NOT NULL,
	turn_index INTEGER NOT NULL,
	participant_key VARCHAR NOT NULL,
	start_s FLOAT NOT NULL,
	end_s FLOAT NOT NULL,
	kind VARCHAR NOT NULL,
	PRIMARY KEY (recording_id, turn_index)
);

CREATE INDEX ix_turns_participant_key ON turns (participant_key);

CREATE TABLE speaker_transitions (
	recording_id UUID NOT NULL,
	from_key VARCHAR NOT NULL,
	to_key VARCHAR NOT NULL,
	switch_count INTEGER NOT NULL,
	PRIMARY KEY (recording_id, from_key, to_key)
);

CREATE TABLE balance_windows (
	recording_id UUID NOT NULL,
	window_index INTEGER NOT NULL,
	start_s FLOAT NOT NULL,
	end_s FLOAT NOT NULL,
	talk_s FLOAT NOT NULL,
	speaker_count INTEGER NOT NULL,
	top_key VARCHAR,
	top_share FLOAT,
	PRIMARY KEY (recording_id, window_index)
);

CREATE TABLE attendance (
	recording_id UUID NOT NULL,
	participant_key VARCHAR NOT NULL,
	session_index INTEGER NOT NULL,
	join_s FLOAT NOT NULL,
	leave_s FLOAT NOT NULL,
	is_open_start BOOLEAN NOT NULL,
	is_open_end BOOLEAN NOT NULL,
	PRIMARY KEY (recording_id, participant_key, session_index)
);

CREATE TABLE data_quality (
	recording_id UUID NOT NULL,
	timeline_word_coverage FLOAT,
	word_timeline_coverage FLOAT,
	speech_event_agreement FLOAT,
	unattributed_speech_s FLOAT,
	untimed_words INTEGER,
	nonpositive_words INTEGER,
	out_of_range_intervals INTEGER,
	self_overlap_s FLOAT,
	open_intervals INTEGER,
	clock_skew_s FLOAT,
	missing_artifacts INTEGER NOT NULL,
	missing_kinds VARCHAR,
	quarantined_artifacts INTEGER NOT NULL,
	turn_rows INTEGER NOT NULL,
	transition_rows INTEGER NOT NULL,
	window_rows INTEGER NOT NULL,
	session_rows INTEGER NOT NULL,
	person_rows INTEGER,
	implausible_duration_s FLOAT,
	PRIMARY KEY (recording_id)
);

CREATE TABLE meeting_trends (
	week DATE NOT NULL,
	meeting_count INTEGER NOT NULL,
	meeting_hours FLOAT NOT NULL,
	inputs_hash VARCHAR NOT NULL,
	silence_ratio_n INTEGER NOT NULL,
	silence_ratio_mean FLOAT,
	silence_ratio_pooled FLOAT,
	silence_ratio_change FLOAT,
	overlap_ratio_n INTEGER NOT NULL,
	overlap_ratio_mean FLOAT,
	overlap_ratio_pooled FLOAT,
	overlap_ratio_change FLOAT,
	interactivity_per_min_n INTEGER NOT NULL,
	interactivity_per_min_mean FLOAT,
	interactivity_per_min_pooled FLOAT,
	interactivity_per_min_change FLOAT,
	interruptions_per_hour_n INTEGER NOT NULL,
	interruptions_per_hour_mean FLOAT,
	interruptions_per_hour_pooled FLOAT,
	interruptions_per_hour_change FLOAT,
	words_per_minute_n INTEGER NOT NULL,
	words_per_minute_mean FLOAT,
	words_per_minute_pooled FLOAT,
	words_per_minute_change FLOAT,
	gini_talk_n INTEGER NOT NULL,
	gini_talk_mean FLOAT,
	gini_talk_pooled FLOAT,
	gini_talk_change FLOAT,
	PRIMARY KEY (week)
);

CREATE TABLE person_trends (
	week DATE NOT NULL,
	person_key VARCHAR NOT NULL,
	meeting_count INTEGER NOT NULL,
	talk_time_s FLOAT,
	attended_s FLOAT,
	talk_share_n INTEGER NOT NULL,
	talk_share_mean FLOAT,
	talk_share_pooled FLOAT,
	talk_share_change FLOAT,
	presence_talk_ratio_n INTEGER NOT NULL,
	presence_talk_ratio_mean FLOAT,
	presence_talk_ratio_pooled FLOAT,
	presence_talk_ratio_change FLOAT,
	words_per_minute_n INTEGER NOT NULL,
	words_per_minute_mean FLOAT,
	words_per_minute_pooled FLOAT,
	words_per_minute_change FLOAT,
	fillers_per_100_words_n INTEGER NOT NULL,
	fillers_per_100_words_mean FLOAT,
	fillers_per_100_words_pooled FLOAT,
	fillers_per_100_words_change FLOAT,
	interruptions_made_per_hour_n INTEGER NOT NULL,
	interruptions_made_per_hour_mean FLOAT,
	interruptions_made_per_hour_pooled FLOAT,
	interruptions_made_per_hour_change FLOAT,
	interruptions_received_per_hour_n INTEGER NOT NULL,
	interruptions_received_per_hour_mean FLOAT,
	interruptions_received_per_hour_pooled FLOAT,
	interruptions_received_per_hour_change FLOAT,
	PRIMARY KEY (week, person_key)
);

CREATE TABLE people (
	person_key VARCHAR NOT NULL,
	name VARCHAR,
	email VARCHAR,
	meeting_count INTEGER NOT NULL,
	talk_time_s FLOAT,
	attended_s FLOAT,
	first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (person_key)
);

CREATE TABLE person_keys (
	known_key VARCHAR NOT NULL,
	person_key VARCHAR NOT NULL,
	PRIMARY KEY (known_key)
);

CREATE INDEX ix_person_keys_person_key ON person_keys (person_key);

CREATE VIEW fresh_meetings AS SELECT meeting_metrics.recording_id, meeting_metrics.transcript_id, meeting_metrics.config_version, meeting_metrics.inputs_hash, meeting_metrics.timing_source, meeting_metrics.dropped_intervals, meeting_metrics.open_intervals, meeting_metrics.clipped_intervals, meeting_metrics.duration_s, meeting_metrics.duration_extended_s, meeting_metrics.span_s, meeting_metrics.speech_s, meeting_metrics.talk_s, meeting_metrics.silence_s, meeting_metrics.silence_ratio, meeting_metrics.longest_silence_s, meeting_metrics.dead_air_count, meeting_metrics.first_speech_s, meeting_metrics.overlap_s, meeting_metrics.overlap_ratio, meeting_metrics.overlap_ratio_span, meeting_metrics.bot_speech_s, meeting_metrics.unattributed_speech_s, meeting_metrics.gini_talk, meeting_metrics.gini_talk_attendees, meeting_metrics.entropy_talk, meeting_metrics.dominance, meeting_metrics.silent_participants, meeting_metrics.participant_count, meeting_metrics.turn_count, meeting_metrics.run_count, meeting_metrics.mean_turn_s, meeting_metrics.median_turn_s, meeting_metrics.longest_monologue_s, meeting_metrics.longest_monologue_start_s, meeting_metrics.longest_monologue_key, meeting_metrics.longest_uninterrupted_s, meeting_metrics.speaker_switches, meeting_metrics.interactivity_per_min, meeting_metrics.tied_ipus, meeting_metrics.turn_count_sd, meeting_metrics.fto_median_s, meeting_metrics.fto_count, meeting_metrics.response_latency_s, meeting_metrics.gap_count, meeting_metrics.pause_count, meeting_metrics.overlap_between_count, meeting_metrics.overlap_within_count, meeting_metrics.interruption_count, meeting_metrics.backchannel_count, meeting_metrics.word_count, meeting_metrics.words_per_minute, meeting_metrics.question_count, meeting_metrics.person_count, meeting_metrics.peak_concurrency, meeting_metrics.mean_concurrency, meeting_metrics.attended_hours, meeting_metrics.late_joiners, meeting_metrics.inputs
FROM meeting_metrics JOIN recordings ON recordings.recording_id = meeting_metrics.recording_id
WHERE meeting_metrics.inputs = ('4' || ' ' || coalesce((SELECT meta.value
FROM meta
WHERE meta.name = 'metrics_config'), '-') || ' ' || coalesce(recordings.bot_name, '-') || ' ' || coalesce(CAST(CAST(round(recordings.duration_s * 1000000) AS BIGINT) AS VARCHAR), '-') || ' ' || coalesce(to_char(recordings.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '-') || ' ' || coalesce(to_char(recordings.scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '-') || ' ' || coalesce((SELECT string_agg(anon_1.row_text, ';') AS aggregate_strings_1
FROM (SELECT artifacts.kind || ' ' || substr(artifacts.artifact_id, 1, 8) || ' ' || artifacts.status || ' ' || coalesce(substr(artifacts.sha256, 1, 12), '-') || ' ' || coalesce(artifacts.parser_version, '-') AS row_text
FROM artifacts
WHERE artifacts.recording_id = recordings.recording_id ORDER BY artifacts.kind, artifacts.artifact_id) AS anon_1), '-'));

INSERT INTO meta (name, value) VALUES ('schema_version', '3');

INSERT INTO meta (name, value) VALUES ('table:artifact_tombstones', '{"columns":[["artifact_id","TEXT",false],["day","DATE",true],["finished_at","TIMESTAMP WITH TIME ZONE",true],["kind","TEXT",false],["purged_at","TIMESTAMP WITH TIME ZONE",false],["reason","TEXT",false],["recording_id","UUID",false]],"key":["recording_id","kind","artifact_id"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:artifacts', '{"columns":[["api_created_at","TIMESTAMP WITH TIME ZONE",true],["api_status","TEXT",true],["api_updated_at","TIMESTAMP WITH TIME ZONE",true],["artifact_id","TEXT",false],["attempts","INTEGER",false],["error","TEXT",true],["fetched_at","TIMESTAMP WITH TIME ZONE",true],["is_waiting","BOOLEAN",true],["kind","TEXT",false],["load_attempts","INTEGER",true],["missing_since","TIMESTAMP WITH TIME ZONE",true],["next_attempt_at","TIMESTAMP WITH TIME ZONE",true],["observed_at","TIMESTAMP WITH TIME ZONE",true],["parsed_at","TIMESTAMP WITH TIME ZONE",true],["parser_version","TEXT",true],["provider","TEXT",true],["raw_key","TEXT",true],["recording_id","UUID",false],["repaired_chars","BIGINT",true],["replaced_rows","INTEGER",true],["row_count","BIGINT",true],["sha256","TEXT",true],["size_bytes","BIGINT",true],["status","TEXT",false],["sub_code","TEXT",true],["worker","TEXT",true]],"key":["recording_id","kind","artifact_id"],"indexes":["ix_artifacts_status"]}');

INSERT INTO meta (name, value) VALUES ('table:attendance', '{"columns":[["is_open_end","BOOLEAN",false],["is_open_start","BOOLEAN",false],["join_s","FLOAT",false],["leave_s","FLOAT",false],["participant_key","TEXT",false],["recording_id","UUID",false],["session_index","INTEGER",false]],"key":["recording_id","participant_key","session_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:audio_parts', '{"columns":[["duration_s","FLOAT",true],["media_key","TEXT",true],["media_sha256","TEXT",true],["media_size_bytes","BIGINT",true],["part_id","TEXT",true],["part_index","INTEGER",false],["participant_id","BIGINT",true],["participant_key","TEXT",false],["recording_id","UUID",false],["start_at","TIMESTAMP WITH TIME ZONE",true],["start_s","FLOAT",true],["type","TEXT",true]],"key":["recording_id","part_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:balance_windows', '{"columns":[["end_s","FLOAT",false],["recording_id","UUID",false],["speaker_count","INTEGER",false],["start_s","FLOAT",false],["talk_s","FLOAT",false],["top_key","TEXT",true],["top_share","FLOAT",true],["window_index","INTEGER",false]],"key":["recording_id","window_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:data_quality', '{"columns":[["clock_skew_s","FLOAT",true],["implausible_duration_s","FLOAT",true],["missing_artifacts","INTEGER",false],["missing_kinds","TEXT",true],["nonpositive_words","INTEGER",true],["open_intervals","INTEGER",true],["out_of_range_intervals","INTEGER",true],["person_rows","INTEGER",true],["quarantined_artifacts","INTEGER",false],["recording_id","UUID",false],["self_overlap_s","FLOAT",true],["session_rows","INTEGER",false],["speech_event_agreement","FLOAT",true],["timeline_word_coverage","FLOAT",true],["transition_rows","INTEGER",false],["turn_rows","INTEGER",false],["unattributed_speech_s","FLOAT",true],["untimed_words","INTEGER",true],["window_rows","INTEGER",false],["word_timeline_coverage","FLOAT",true]],"key":["recording_id"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:meeting_metrics', '{"columns":[["attended_hours","FLOAT",true],["backchannel_count","INTEGER",true],["bot_speech_s","FLOAT",true],["clipped_intervals","INTEGER",true],["config_version","TEXT",false],["dead_air_count","INTEGER",true],["dominance","FLOAT",true],["dropped_intervals","INTEGER",true],["duration_extended_s","FLOAT",true],["duration_s","FLOAT",true],["entropy_talk","FLOAT",true],["first_speech_s","FLOAT",true],["fto_count","INTEGER",true],["fto_median_s","FLOAT",true],["gap_count","INTEGER",true],["gini_talk","FLOAT",true],["gini_talk_attendees","FLOAT",true],["inputs","TEXT",true],["inputs_hash","TEXT",false],["interactivity_per_min","FLOAT",true],["interruption_count","INTEGER",true],["late_joiners","INTEGER",true],["longest_monologue_key","TEXT",true],["longest_monologue_s","FLOAT",true],["longest_monologue_start_s","FLOAT",true],["longest_silence_s","FLOAT",true],["longest_uninterrupted_s","FLOAT",true],["mean_concurrency","FLOAT",true],["mean_turn_s","FLOAT",true],["median_turn_s","FLOAT",true],["open_intervals","INTEGER",true],["overlap_between_count","INTEGER",true],["overlap_ratio","FLOAT",true],["overlap_ratio_span","FLOAT",true],["overlap_s","FLOAT",true],["overlap_within_count","INTEGER",true],["participant_count","INTEGER",false],["pause_count","INTEGER",true],["peak_concurrency","INTEGER",true],["person_count","INTEGER",false],["question_count","INTEGER",true],["recording_id","UUID",false],["response_latency_s","FLOAT",true],["run_count","INTEGER",true],["silence_ratio","FLOAT",true],["silence_s","FLOAT",true],["silent_participants","INTEGER",true],["span_s","FLOAT",true],["speaker_switches","INTEGER",true],["speech_s","FLOAT",true],["talk_s","FLOAT",true],["tied_ipus","INTEGER",true],["timing_source","TEXT",true],["transcript_id","UUID",true],["turn_count","INTEGER",true],["turn_count_sd","FLOAT",true],["unattributed_speech_s","FLOAT",true],["word_count","INTEGER",true],["words_per_minute","FLOAT",true]],"key":["recording_id"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:meeting_trends', '{"columns":[["gini_talk_change","FLOAT",true],["gini_talk_mean","FLOAT",true],["gini_talk_n","INTEGER",false],["gini_talk_pooled","FLOAT",true],["inputs_hash","TEXT",false],["interactivity_per_min_change","FLOAT",true],["interactivity_per_min_mean","FLOAT",true],["interactivity_per_min_n","INTEGER",false],["interactivity_per_min_pooled","FLOAT",true],["interruptions_per_hour_change","FLOAT",true],["interruptions_per_hour_mean","FLOAT",true],["interruptions_per_hour_n","INTEGER",false],["interruptions_per_hour_pooled","FLOAT",true],["meeting_count","INTEGER",false],["meeting_hours","FLOAT",false],["overlap_ratio_change","FLOAT",true],["overlap_ratio_mean","FLOAT",true],["overlap_ratio_n","INTEGER",false],["overlap_ratio_pooled","FLOAT",true],["silence_ratio_change","FLOAT",true],["silence_ratio_mean","FLOAT",true],["silence_ratio_n","INTEGER",false],["silence_ratio_pooled","FLOAT",true],["week","DATE",false],["words_per_minute_change","FLOAT",true],["words_per_minute_mean","FLOAT",true],["words_per_minute_n","INTEGER",false],["words_per_minute_pooled","FLOAT",true]],"key":["week"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:meta', '{"columns":[["name","TEXT",false],["value","TEXT",false]],"key":["name"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:participant_events', '{"columns":[["action","TEXT",false],["at","TIMESTAMP WITH TIME ZONE",true],["at_s","FLOAT",true],["chat_text","TEXT",true],["chat_to","TEXT",true],["event_id","TEXT",true],["event_index","INTEGER",false],["participant_id","BIGINT",true],["participant_key","TEXT",false],["participant_name","TEXT",true],["recording_id","UUID",false]],"key":["recording_id","event_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:participant_metrics', '{"columns":[["attendance_ratio","FLOAT",true],["attended_s","FLOAT",true],["backchannel_count","INTEGER",true],["chat_messages","INTEGER",true],["chat_words","INTEGER",true],["extended_filler_count","INTEGER",true],["filler_count","INTEGER",true],["fillers_per_100_words","FLOAT",true],["first_join_s","FLOAT",true],["interruptions_made","INTEGER",true],["interruptions_received","INTEGER",true],["interruptions_successful","INTEGER",true],["is_listed","BOOLEAN",false],["join_count","INTEGER",true],["joined_late_s","FLOAT",true],["last_leave_s","FLOAT",true],["left_early_s","FLOAT",true],["longest_monologue_s","FLOAT",true],["longest_uninterrupted_s","FLOAT",true],["mean_turn_s","FLOAT",true],["median_turn_s","FLOAT",true],["name","TEXT",true],["overlapped_talk_s","FLOAT",true],["participant_key","TEXT",false],["person_key","TEXT",true],["presence_talk_ratio","FLOAT",true],["question_count","INTEGER",true],["recording_id","UUID",false],["reply_count","INTEGER",true],["response_latency_s","FLOAT",true],["run_count","INTEGER",true],["screenshare_s","FLOAT",true],["solo_talk_s","FLOAT",true],["talk_ratio","FLOAT",true],["talk_share","FLOAT",true],["talk_time_s","FLOAT",true],["talk_to_listen","FLOAT",true],["turn_count","INTEGER",true],["webcam_on_s","FLOAT",true],["webcam_ratio","FLOAT",true],["word_count","INTEGER",true],["word_share","FLOAT",true],["words_per_minute","FLOAT",true]],"key":["recording_id","participant_key"],"indexes":["ix_participant_metrics_person_key"]}');

INSERT INTO meta (name, value) VALUES ('table:participants', '{"columns":[["client_kind","TEXT",true],["email","TEXT",true],["extra_data","JSON",true],["is_bot","BOOLEAN",false],["is_host","BOOLEAN",true],["name","TEXT",true],["participant_id","BIGINT",true],["participant_key","TEXT",false],["person_key","TEXT",true],["recording_id","UUID",false]],"key":["recording_id","participant_key"],"indexes":["ix_participants_person_key"]}');

INSERT INTO meta (name, value) VALUES ('table:people', '{"columns":[["attended_s","FLOAT",true],["email","TEXT",true],["first_seen_at","TIMESTAMP WITH TIME ZONE",false],["last_seen_at","TIMESTAMP WITH TIME ZONE",false],["meeting_count","INTEGER",false],["name","TEXT",true],["person_key","TEXT",false],["talk_time_s","FLOAT",true]],"key":["person_key"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:person_keys', '{"columns":[["known_key","TEXT",false],["person_key","TEXT",false]],"key":["known_key"],"indexes":["ix_person_keys_person_key"]}');

INSERT INTO meta (name, value) VALUES ('table:person_metrics', '{"columns":[["attended_s","FLOAT",true],["filler_count","INTEGER",true],["interruptions_made","INTEGER",true],["interruptions_received","INTEGER",true],["interruptions_successful","INTEGER",true],["participant_count","INTEGER",false],["person_key","TEXT",false],["persons_talk_s","FLOAT",true],["presence_talk_ratio","FLOAT",true],["recording_id","UUID",false],["talk_share","FLOAT",true],["talk_time_s","FLOAT",true],["word_count","INTEGER",true],["word_share","FLOAT",true],["words_per_minute","FLOAT",true]],"key":["recording_id","person_key"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:person_trends', '{"columns":[["attended_s","FLOAT",true],["fillers_per_100_words_change","FLOAT",true],["fillers_per_100_words_mean","FLOAT",true],["fillers_per_100_words_n","INTEGER",false],["fillers_per_100_words_pooled","FLOAT",true],["interruptions_made_per_hour_change","FLOAT",true],["interruptions_made_per_hour_mean","FLOAT",true],["interruptions_made_per_hour_n","INTEGER",false],["interruptions_made_per_hour_pooled","FLOAT",true],["interruptions_received_per_hour_change","FLOAT",true],["interruptions_received_per_hour_mean","FLOAT",true],["interruptions_received_per_hour_n","INTEGER",false],["interruptions_received_per_hour_pooled","FLOAT",true],["meeting_count","INTEGER",false],["person_key","TEXT",false],["presence_talk_ratio_change","FLOAT",true],["presence_talk_ratio_mean","FLOAT",true],["presence_talk_ratio_n","INTEGER",false],["presence_talk_ratio_pooled","FLOAT",true],["talk_share_change","FLOAT",true],["talk_share_mean","FLOAT",true],["talk_share_n","INTEGER",false],["talk_share_pooled","FLOAT",true],["talk_time_s","FLOAT",true],["week","DATE",false],["words_per_minute_change","FLOAT",true],["words_per_minute_mean","FLOAT",true],["words_per_minute_n","INTEGER",false],["words_per_minute_pooled","FLOAT",true]],"key":["week","person_key"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:provider_parts', '{"columns":[["created_at","TIMESTAMP WITH TIME ZONE",true],["offset_s","FLOAT",true],["part_id","TEXT",true],["part_index","INTEGER",false],["participant_key","TEXT",false],["payload","JSON",true],["recording_id","UUID",false],["source_type","TEXT",true],["transcript_id","UUID",false],["type","TEXT",false]],"key":["recording_id","transcript_id","part_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:recordings', '{"columns":[["api_updated_at","TIMESTAMP WITH TIME ZONE",true],["bot_id","UUID",true],["bot_name","TEXT",true],["completed_at","TIMESTAMP WITH TIME ZONE",true],["created_at","TIMESTAMP WITH TIME ZONE",false],["day","DATE",false],["deleted_at","TIMESTAMP WITH TIME ZONE",true],["duration_s","FLOAT",true],["expires_at","TIMESTAMP WITH TIME ZONE",true],["listing_sha256","TEXT",true],["missing_since","TIMESTAMP WITH TIME ZONE",true],["observed_at","TIMESTAMP WITH TIME ZONE",true],["platform","TEXT",true],["recording_id","UUID",false],["scheduled_at","TIMESTAMP WITH TIME ZONE",true],["started_at","TIMESTAMP WITH TIME ZONE",true],["status","TEXT",false],["sub_code","TEXT",true],["title","TEXT",true]],"key":["recording_id"],"indexes":["ix_recordings_day"]}');

INSERT INTO meta (name, value) VALUES ('table:run_heartbeats', '{"columns":[["beat_at","TIMESTAMP WITH TIME ZONE",true],["boot_id","TEXT",true],["failed_at","TIMESTAMP WITH TIME ZONE",true],["hostname","TEXT",true],["pid","BIGINT",true],["pid_namespace","TEXT",true],["run_id","TEXT",false],["start_ticks","BIGINT",true],["started_at","TIMESTAMP WITH TIME ZONE",true],["suspected_at","TIMESTAMP WITH TIME ZONE",true]],"key":["run_id"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:speaker_timeline', '{"columns":[["end_at","TIMESTAMP WITH TIME ZONE",true],["end_s","FLOAT",true],["participant_id","BIGINT",true],["participant_key","TEXT",false],["recording_id","UUID",false],["segment_index","INTEGER",false],["speaker_name","TEXT",true],["start_at","TIMESTAMP WITH TIME ZONE",true],["start_s","FLOAT",true]],"key":["recording_id","segment_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:speaker_transitions', '{"columns":[["from_key","TEXT",false],["recording_id","UUID",false],["switch_count","INTEGER",false],["to_key","TEXT",false]],"key":["recording_id","from_key","to_key"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:tombstones', '{"columns":[["day","DATE",true],["finished_at","TIMESTAMP WITH TIME ZONE",true],["purged_at","TIMESTAMP WITH TIME ZONE",false],["reason","TEXT",false],["recording_id","UUID",false]],"key":["recording_id"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:transcript_utterances', '{"columns":[["end_s","FLOAT",true],["language_code","TEXT",true],["participant_id","BIGINT",true],["participant_key","TEXT",false],["recording_id","UUID",false],["speaker_name","TEXT",true],["start_s","FLOAT",true],["text","TEXT",false],["transcript_id","UUID",false],["utterance_index","INTEGER",false],["word_count","INTEGER",false]],"key":["recording_id","transcript_id","utterance_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:transcript_words', '{"columns":[["end_s","FLOAT",true],["participant_key","TEXT",false],["recording_id","UUID",false],["start_s","FLOAT",true],["text","TEXT",false],["transcript_id","UUID",false],["utterance_index","INTEGER",false],["word_index","INTEGER",false]],"key":["recording_id","transcript_id","word_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:transcripts', '{"columns":[["created_at","TIMESTAMP WITH TIME ZONE",true],["is_primary","BOOLEAN",false],["is_unspaced","BOOLEAN",false],["language_codes","TEXT",true],["provider","TEXT",true],["recording_id","UUID",false],["timed_unit_count","INTEGER",false],["transcript_id","UUID",false],["utterance_count","INTEGER",false],["word_count","INTEGER",false]],"key":["recording_id","transcript_id"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:turns', '{"columns":[["end_s","FLOAT",false],["kind","TEXT",false],["participant_key","TEXT",false],["recording_id","UUID",false],["start_s","FLOAT",false],["turn_index","INTEGER",false]],"key":["recording_id","turn_index"],"indexes":["ix_turns_participant_key"]}');

INSERT INTO meta (name, value) VALUES ('table:video_parts', '{"columns":[["duration_s","FLOAT",true],["media_key","TEXT",true],["media_sha256","TEXT",true],["media_size_bytes","BIGINT",true],["part_id","TEXT",true],["part_index","INTEGER",false],["participant_id","BIGINT",true],["participant_key","TEXT",false],["recording_id","UUID",false],["start_at","TIMESTAMP WITH TIME ZONE",true],["start_s","FLOAT",true],["type","TEXT",true]],"key":["recording_id","part_index"],"indexes":[]}');

INSERT INTO meta (name, value) VALUES ('table:webhook_events', '{"columns":[["artifact_id","UUID",true],["event","TEXT",false],["handled_at","TIMESTAMP WITH TIME ZONE",true],["message_id","TEXT",false],["received_at","TIMESTAMP WITH TIME ZONE",false],["recording_id","UUID",false]],"key":["message_id"],"indexes":["ix_webhook_events_recording_id","webhook_events_waiting"]}');

INSERT INTO meta (name, value) VALUES ('view:fresh_meetings', 'c97a2ea7687728a567f051edf740df6495b0045fb8b844a9b0c6e2a6a836ca89');
