CREATE TABLE recordings (
	recording_id VARCHAR(36) NOT NULL,
	bot_id VARCHAR(36),
	bot_name VARCHAR,
	platform VARCHAR,
	title VARCHAR,
	status VARCHAR NOT NULL,
	sub_code VARCHAR,
	api_updated_at TEXT,
	created_at TEXT NOT NULL,
	started_at TEXT,
	completed_at TEXT,
	expires_at TEXT,
	duration_s FLOAT,
	scheduled_at TEXT,
	day DATE NOT NULL,
	deleted_at TEXT,
	listing_sha256 VARCHAR,
	PRIMARY KEY (recording_id)
)
 WITHOUT ROWID;

CREATE INDEX ix_recordings_day ON recordings (day);

CREATE TABLE artifacts (
	recording_id VARCHAR(36) NOT NULL,
	kind VARCHAR NOT NULL,
	artifact_id VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	api_status VARCHAR,
	sub_code VARCHAR,
	api_updated_at TEXT,
	api_created_at TEXT,
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
	next_attempt_at TEXT,
	fetched_at TEXT,
	parsed_at TEXT,
	PRIMARY KEY (recording_id, kind, artifact_id)
)
 WITHOUT ROWID;

CREATE INDEX ix_artifacts_status ON artifacts (status);

CREATE TABLE webhook_events (
	message_id VARCHAR NOT NULL,
	event VARCHAR NOT NULL,
	recording_id VARCHAR(36) NOT NULL,
	artifact_id VARCHAR(36),
	received_at TEXT NOT NULL,
	handled_at TEXT,
	PRIMARY KEY (message_id)
)
 WITHOUT ROWID;

CREATE INDEX ix_webhook_events_recording_id ON webhook_events (recording_id);

CREATE INDEX webhook_events_waiting ON webhook_events (received_at) WHERE handled_at IS NULL;

CREATE TABLE meta (
	name VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	PRIMARY KEY (name)
)
 WITHOUT ROWID;

CREATE TABLE tombstones (
	recording_id VARCHAR(36) NOT NULL,
	day DATE,
	purged_at TEXT NOT NULL,
	reason VARCHAR NOT NULL,
	PRIMARY KEY (recording_id)
)
 WITHOUT ROWID;

CREATE TABLE participants (
	recording_id VARCHAR(36) NOT NULL,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	name VARCHAR,
	email VARCHAR,
	is_host BOOLEAN,
	is_bot BOOLEAN NOT NULL,
	client_kind VARCHAR,
	extra_data TEXT,
	person_key VARCHAR,
	PRIMARY KEY (recording_id, participant_key)
)
 WITHOUT ROWID;

CREATE INDEX ix_participants_person_key ON participants (person_key);

CREATE TABLE participant_events (
	recording_id VARCHAR(36) NOT NULL,
	event_index INTEGER NOT NULL,
	event_id VARCHAR,
	action VARCHAR NOT NULL,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	participant_name VARCHAR,
	at TEXT,
	at_s FLOAT,
	chat_text VARCHAR,
	chat_to VARCHAR,
	PRIMARY KEY (recording_id, event_index)
)
 WITHOUT ROWID;

CREATE TABLE speaker_timeline (
	recording_id VARCHAR(36) NOT NULL,
	segment_index INTEGER NOT NULL,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	speaker_name VARCHAR,
	start_s FLOAT,
	end_s FLOAT,
	start_at TEXT,
	end_at TEXT,
	PRIMARY KEY (recording_id, segment_index)
)
 WITHOUT ROWID;

CREATE TABLE transcripts (
	recording_id VARCHAR(36) NOT NULL,
	transcript_id VARCHAR(36) NOT NULL,
	provider VARCHAR,
	language_codes VARCHAR,
	created_at TEXT,
	is_primary BOOLEAN NOT NULL,
	is_unspaced BOOLEAN NOT NULL,
	utterance_count INTEGER NOT NULL,
	timed_unit_count INTEGER NOT NULL,
	word_count INTEGER NOT NULL,
	PRIMARY KEY (recording_id, transcript_id)
)
 WITHOUT ROWID;

CREATE TABLE transcript_utterances (
	recording_id VARCHAR(36) NOT NULL,
	transcript_id VARCHAR(36) NOT NULL,
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
)
 WITHOUT ROWID;

CREATE TABLE transcript_words (
	recording_id VARCHAR(36) NOT NULL,
	transcript_id VARCHAR(36) NOT NULL,
	word_index INTEGER NOT NULL,
	utterance_index INTEGER NOT NULL,
	participant_key VARCHAR NOT NULL,
	start_s FLOAT,
	end_s FLOAT,
	text VARCHAR NOT NULL,
	PRIMARY KEY (recording_id, transcript_id, word_index)
)
 WITHOUT ROWID;

CREATE TABLE provider_parts (
	recording_id VARCHAR(36) NOT NULL,
	transcript_id VARCHAR(36) NOT NULL,
	part_index INTEGER NOT NULL,
	part_id VARCHAR,
	created_at TEXT,
	type VARCHAR NOT NULL,
	source_type VARCHAR,
	offset_s FLOAT,
	participant_key VARCHAR NOT NULL,
	payload TEXT,
	PRIMARY KEY (recording_id, transcript_id, part_index)
);

CREATE TABLE video_parts (
	recording_id VARCHAR(36) NOT NULL,
	part_index INTEGER NOT NULL,
	part_id VARCHAR,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	type VARCHAR,
	start_s FLOAT,
	start_at TEXT,
	duration_s FLOAT,
	media_key VARCHAR,
	media_size_bytes BIGINT,
	media_sha256 VARCHAR,
	PRIMARY KEY (recording_id, part_index)
)
 WITHOUT ROWID;

CREATE TABLE audio_parts (
	recording_id VARCHAR(36) NOT NULL,
	part_index INTEGER NOT NULL,
	part_id VARCHAR,
	participant_key VARCHAR NOT NULL,
	participant_id BIGINT,
	type VARCHAR,
	start_s FLOAT,
	start_at TEXT,
	duration_s FLOAT,
	media_key VARCHAR,
	media_size_bytes BIGINT,
	media_sha256 VARCHAR,
	PRIMARY KEY (recording_id, part_index)
)
 WITHOUT ROWID;

CREATE TABLE participant_metrics (
	recording_id VARCHAR(36) NOT NULL,
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
)
 WITHOUT ROWID;

CREATE INDEX ix_participant_metrics_person_key ON participant_metrics (person_key);

CREATE TABLE meeting_metrics (
	recording_id VARCHAR(36) NOT NULL,
	transcript_id VARCHAR(36),
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
)
 WITHOUT ROWID;

CREATE TABLE turns (
	recording_id VARCHAR(36) NOT NULL,
	turn_index INTEGER NOT NULL,
	participant_key VARCHAR NOT NULL,
	start_s FLOAT NOT NULL,
	end_s FLOAT NOT NULL,
	kind VARCHAR NOT NULL,
	PRIMARY KEY (recording_id, turn_index)
)
 WITHOUT ROWID;

CREATE INDEX ix_turns_participant_key ON turns (participant_key);

CREATE TABLE speaker_transitions (
	recording_id VARCHAR(36) NOT NULL,
	from_key VARCHAR NOT NULL,
	to_key VARCHAR NOT NULL,
	switch_count INTEGER NOT NULL,
	PRIMARY KEY (recording_id, from_key, to_key)
)
 WITHOUT ROWID;

CREATE TABLE balance_windows (
	recording_id VARCHAR(36) NOT NULL,
	window_index INTEGER NOT NULL,
	start_s FLOAT NOT NULL,
	end_s FLOAT NOT NULL,
	talk_s FLOAT NOT NULL,
	speaker_count INTEGER NOT NULL,
	top_key VARCHAR,
	top_share FLOAT,
	PRIMARY KEY (recording_id, window_index)
)
 WITHOUT ROWID;

CREATE TABLE attendance (
	recording_id VARCHAR(36) NOT NULL,
	participant_key VARCHAR NOT NULL,
	session_index INTEGER NOT NULL,
	join_s FLOAT NOT NULL,
	leave_s FLOAT NOT NULL,
	is_open_start BOOLEAN NOT NULL,
	is_open_end BOOLEAN NOT NULL,
	PRIMARY KEY (recording_id, participant_key, session_index)
)
 WITHOUT ROWID;

CREATE TABLE data_quality (
	recording_id VARCHAR(36) NOT NULL,
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
	PRIMARY KEY (recording_id)
)
 WITHOUT ROWID;

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
)
 WITHOUT ROWID;

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
)
 WITHOUT ROWID;

CREATE TABLE people (
	person_key VARCHAR NOT NULL,
	name VARCHAR,
	email VARCHAR,
	meeting_count INTEGER NOT NULL,
	talk_time_s FLOAT,
	attended_s FLOAT,
	first_seen_at TEXT NOT NULL,
	last_seen_at TEXT NOT NULL,
	PRIMARY KEY (person_key)
)
 WITHOUT ROWID;

CREATE TABLE person_keys (
	known_key VARCHAR NOT NULL,
	person_key VARCHAR NOT NULL,
	PRIMARY KEY (known_key)
)
 WITHOUT ROWID;

CREATE INDEX ix_person_keys_person_key ON person_keys (person_key);

CREATE VIEW "fresh_meetings" AS SELECT meeting_metrics.recording_id, meeting_metrics.transcript_id, meeting_metrics.config_version, meeting_metrics.inputs_hash, meeting_metrics.timing_source, meeting_metrics.dropped_intervals, meeting_metrics.open_intervals, meeting_metrics.clipped_intervals, meeting_metrics.duration_s, meeting_metrics.duration_extended_s, meeting_metrics.span_s, meeting_metrics.speech_s, meeting_metrics.talk_s, meeting_metrics.silence_s, meeting_metrics.silence_ratio, meeting_metrics.longest_silence_s, meeting_metrics.dead_air_count, meeting_metrics.first_speech_s, meeting_metrics.overlap_s, meeting_metrics.overlap_ratio, meeting_metrics.overlap_ratio_span, meeting_metrics.bot_speech_s, meeting_metrics.unattributed_speech_s, meeting_metrics.gini_talk, meeting_metrics.gini_talk_attendees, meeting_metrics.entropy_talk, meeting_metrics.dominance, meeting_metrics.silent_participants, meeting_metrics.participant_count, meeting_metrics.turn_count, meeting_metrics.run_count, meeting_metrics.mean_turn_s, meeting_metrics.median_turn_s, meeting_metrics.longest_monologue_s, meeting_metrics.longest_monologue_start_s, meeting_metrics.longest_monologue_key, meeting_metrics.longest_uninterrupted_s, meeting_metrics.speaker_switches, meeting_metrics.interactivity_per_min, meeting_metrics.tied_ipus, meeting_metrics.turn_count_sd, meeting_metrics.fto_median_s, meeting_metrics.fto_count, meeting_metrics.response_latency_s, meeting_metrics.gap_count, meeting_metrics.pause_count, meeting_metrics.overlap_between_count, meeting_metrics.overlap_within_count, meeting_metrics.interruption_count, meeting_metrics.backchannel_count, meeting_metrics.word_count, meeting_metrics.words_per_minute, meeting_metrics.question_count, meeting_metrics.person_count, meeting_metrics.peak_concurrency, meeting_metrics.mean_concurrency, meeting_metrics.attended_hours, meeting_metrics.late_joiners, meeting_metrics.inputs 
FROM meeting_metrics JOIN recordings ON recordings.recording_id = meeting_metrics.recording_id 
WHERE meeting_metrics.inputs = ('3' || ' ' || coalesce((SELECT meta.value 
FROM meta 
WHERE meta.name = 'metrics_config'), '-') || ' ' || coalesce(recordings.bot_name, '-') || ' ' || coalesce(CAST(recordings.duration_s AS VARCHAR), '-') || ' ' || coalesce(CAST(CAST(STRFTIME('%s', recordings.started_at) AS INTEGER) AS VARCHAR), '-') || ' ' || coalesce(CAST(CAST(STRFTIME('%s', recordings.scheduled_at) AS INTEGER) AS VARCHAR), '-') || ' ' || coalesce((SELECT group_concat(anon_1.row_text, ';') AS aggregate_strings_1 
FROM (SELECT artifacts.kind || ' ' || substr(artifacts.artifact_id, 1, 8) || ' ' || artifacts.status || ' ' || coalesce(substr(artifacts.sha256, 1, 12), '-') || ' ' || coalesce(artifacts.parser_version, '-') AS row_text 
FROM artifacts 
WHERE artifacts.recording_id = recordings.recording_id ORDER BY artifacts.kind, artifacts.artifact_id) AS anon_1), '-'));

INSERT INTO meta (name, value) VALUES ('schema_version', '2');

INSERT INTO meta (name, value) VALUES ('shape:participants', '9b1df497c41fff985ef7cb6fc310822ec8ed857d69a86daefbd43e3b841954e8');

INSERT INTO meta (name, value) VALUES ('shape:participant_events', '2d30ca8994fe2ba2a1d3523d4c9821a20551fa6df9093739b1ae64075e7493ae');

INSERT INTO meta (name, value) VALUES ('shape:speaker_timeline', 'd83b3851df0a163c2eaf05fbc546dc1182b3fb9846f1b16629e34c5eb864213e');

INSERT INTO meta (name, value) VALUES ('shape:transcripts', '62c955833c2113993bb2452d6e89a96c494919144e64c35fd1c277b676c3212b');

INSERT INTO meta (name, value) VALUES ('shape:transcript_utterances', 'b0cf911a19c12f67660049c4b89c8b218b987998ab99648cf5e158ad58e2e3ba');

INSERT INTO meta (name, value) VALUES ('shape:transcript_words', '729ada8dfc63d598a92c016522b1d33ff6c6442b1fdddfb10b6eff3c2bad1679');

INSERT INTO meta (name, value) VALUES ('shape:provider_parts', '66622b64b7257057e0ade0ac9cc62448f330a3f074eab3803ca6d365d676f509');

INSERT INTO meta (name, value) VALUES ('shape:video_parts', '8b8185929d3946a5772b5bdc4d2cdd8022f42c3f97e970d4ccf870734c0a09ee');

INSERT INTO meta (name, value) VALUES ('shape:audio_parts', '7c5c4232207c12d2b1d5379c54c50afd32b69ae291a0a5ff7b18a70cf1821b99');

INSERT INTO meta (name, value) VALUES ('shape:participant_metrics', 'dbd8edfed137947caef78f766de7dcfc62f73bb91f132c9cfa7aba64881157e3');

INSERT INTO meta (name, value) VALUES ('shape:meeting_metrics', '2452675cbed9782f3d094feb63237033c23f4ae2ad8bbfebf4576dfa3775d735');

INSERT INTO meta (name, value) VALUES ('shape:turns', 'a9dc6ef501dbec265045cdf57f7cb9e9919ab206ac9a535e78d0530fd4def506');

INSERT INTO meta (name, value) VALUES ('shape:speaker_transitions', 'abb3827d4a688c838e56718e2bf3c158f48288c3fa2448536d93c4863be09e61');

INSERT INTO meta (name, value) VALUES ('shape:balance_windows', 'd603bbd2547797d69cccfc266f743b5e6429398ed4a7155dc1b51e9c9f20cb7a');

INSERT INTO meta (name, value) VALUES ('shape:attendance', 'c18fbf382dd3b9825f6533c03494174889c376f4b2564268962595ff5b32328e');

INSERT INTO meta (name, value) VALUES ('shape:data_quality', '57eb6234f60783ead4826a69a3a0d1699cfa9812399f677bd3683017bc6704e3');

INSERT INTO meta (name, value) VALUES ('shape:meeting_trends', 'a05e957c91aba94536af72bd3d999f9819da06d0c5312d22d205726cac187363');

INSERT INTO meta (name, value) VALUES ('shape:person_trends', 'bc9d57d3d304a6ec5a68de0271f7d140ea3344bdbf9f25d348de9a474c1507c2');

INSERT INTO meta (name, value) VALUES ('shape:people', '371234990705d16c3cdbd1d43cf7c711d12a140aa0c78f48b24d1ca50799b068');

INSERT INTO meta (name, value) VALUES ('shape:person_keys', 'b16212ced823aed40c1d78310955bf9b688fb36de92876cefee7007aee3990c0');

INSERT INTO meta (name, value) VALUES ('shape:fresh_meetings', '1a9d1119a6e2902402df00ca34d1529da1a11e99d60b1188bb8cf75edfdc86ec');
