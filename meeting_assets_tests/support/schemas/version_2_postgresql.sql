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
	fetched_at TIMESTAMP WITH TIME ZONE,
	parsed_at TIMESTAMP WITH TIME ZONE,
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
	PRIMARY KEY (recording_id)
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

CREATE VIEW "fresh_meetings" AS SELECT meeting_metrics.recording_id, meeting_metrics.transcript_id, meeting_metrics.config_version, meeting_metrics.inputs_hash, meeting_metrics.timing_source, meeting_metrics.dropped_intervals, meeting_metrics.open_intervals, meeting_metrics.clipped_intervals, meeting_metrics.duration_s, meeting_metrics.duration_extended_s, meeting_metrics.span_s, meeting_metrics.speech_s, meeting_metrics.talk_s, meeting_metrics.silence_s, meeting_metrics.silence_ratio, meeting_metrics.longest_silence_s, meeting_metrics.dead_air_count, meeting_metrics.first_speech_s, meeting_metrics.overlap_s, meeting_metrics.overlap_ratio, meeting_metrics.overlap_ratio_span, meeting_metrics.bot_speech_s, meeting_metrics.unattributed_speech_s, meeting_metrics.gini_talk, meeting_metrics.gini_talk_attendees, meeting_metrics.entropy_talk, meeting_metrics.dominance, meeting_metrics.silent_participants, meeting_metrics.participant_count, meeting_metrics.turn_count, meeting_metrics.run_count, meeting_metrics.mean_turn_s, meeting_metrics.median_turn_s, meeting_metrics.longest_monologue_s, meeting_metrics.longest_monologue_start_s, meeting_metrics.longest_monologue_key, meeting_metrics.longest_uninterrupted_s, meeting_metrics.speaker_switches, meeting_metrics.interactivity_per_min, meeting_metrics.tied_ipus, meeting_metrics.turn_count_sd, meeting_metrics.fto_median_s, meeting_metrics.fto_count, meeting_metrics.response_latency_s, meeting_metrics.gap_count, meeting_metrics.pause_count, meeting_metrics.overlap_between_count, meeting_metrics.overlap_within_count, meeting_metrics.interruption_count, meeting_metrics.backchannel_count, meeting_metrics.word_count, meeting_metrics.words_per_minute, meeting_metrics.question_count, meeting_metrics.person_count, meeting_metrics.peak_concurrency, meeting_metrics.mean_concurrency, meeting_metrics.attended_hours, meeting_metrics.late_joiners, meeting_metrics.inputs 
FROM meeting_metrics JOIN recordings ON recordings.recording_id = meeting_metrics.recording_id 
WHERE meeting_metrics.inputs = ('3' || ' ' || coalesce((SELECT meta.value 
FROM meta 
WHERE meta.name = 'metrics_config'), '-') || ' ' || coalesce(recordings.bot_name, '-') || ' ' || coalesce(CAST(recordings.duration_s AS VARCHAR), '-') || ' ' || coalesce(CAST(EXTRACT(epoch FROM recordings.started_at) AS VARCHAR), '-') || ' ' || coalesce(CAST(EXTRACT(epoch FROM recordings.scheduled_at) AS VARCHAR), '-') || ' ' || coalesce((SELECT string_agg(anon_1.row_text, ';') AS aggregate_strings_1 
FROM (SELECT artifacts.kind || ' ' || substr(artifacts.artifact_id, 1, 8) || ' ' || artifacts.status || ' ' || coalesce(substr(artifacts.sha256, 1, 12), '-') || ' ' || coalesce(artifacts.parser_version, '-') AS row_text 
FROM artifacts 
WHERE artifacts.recording_id = recordings.recording_id ORDER BY artifacts.kind, artifacts.artifact_id) AS anon_1), '-'));

INSERT INTO meta (name, value) VALUES ('schema_version', '2');

INSERT INTO meta (name, value) VALUES ('shape:participants', 'cb31fd6fa0b21cfeace777e54ea1bd4cf49997967ac5466a9fe653c7947f9263');

INSERT INTO meta (name, value) VALUES ('shape:participant_events', '02b9bbf57ec0ffe865662a2a39b644d4f9a795acd5e0203b0b974ee7b6c29168');

INSERT INTO meta (name, value) VALUES ('shape:speaker_timeline', '9689d902782cf1f7944dd286389a82cb8ad8f07d159eeb73d2431d101ed4a773');

INSERT INTO meta (name, value) VALUES ('shape:transcripts', 'b60f2d3500973ed38dfbeb7be634a23a4a93bfaa6fec990e5978799509310c8c');

INSERT INTO meta (name, value) VALUES ('shape:transcript_utterances', '457f8bbad166e9d81348fc0c18ea4435451c49005d29a922608903194bfd3d58');

INSERT INTO meta (name, value) VALUES ('shape:transcript_words', '388b7731bb35aaf0a60cc7099b629ae3e7704e9b65b5f1265e22d320584a799d');

INSERT INTO meta (name, value) VALUES ('shape:provider_parts', 'd85ea41c9bb2aab42d527cbb57930534c3b7cca229e36c2dd68dbf403e31ed53');

INSERT INTO meta (name, value) VALUES ('shape:video_parts', '389966e11af017ffc46b4e9e083c58654ee71cc879d60f5eff0de7314e4932bc');

INSERT INTO meta (name, value) VALUES ('shape:audio_parts', '9427e640d3479c06e989119acc954ab2f73e9d2db2bba4077916a6607498ea16');

INSERT INTO meta (name, value) VALUES ('shape:participant_metrics', '0593a5a68141895049b580644ab9e5d93b17079e96a2d7746333c9b5f9d1b3c0');

INSERT INTO meta (name, value) VALUES ('shape:meeting_metrics', '5911b02ad9868f908d008b9d25da7a847b9e4f3fa5ed85fde039c65e07fbcda6');

INSERT INTO meta (name, value) VALUES ('shape:turns', '5ad9322198bda6b4a8c78214573b297ff81d17b8891db81ad54bde3682dd5bba');

INSERT INTO meta (name, value) VALUES ('shape:speaker_transitions', '6611ff117239eec6cc1e297d73193ac3e2efd36912ff34fb5d0a2d837c5b80b4');

INSERT INTO meta (name, value) VALUES ('shape:balance_windows', '6ca51c2a70573c534f12e3efd8fba2ed61d7a3979791b3abca51159647af92dd');

INSERT INTO meta (name, value) VALUES ('shape:attendance', 'c12a95bbaaa6973e7f5068d2f8f9170532810d54811d735670c4d504233babc2');

INSERT INTO meta (name, value) VALUES ('shape:data_quality', 'a00d937e0a8005ebd60ca812d6846c2f8cdaded289aa7dc402bf2ce0964c8da9');

INSERT INTO meta (name, value) VALUES ('shape:meeting_trends', '098f30e7c2bad0a63949bc3b1af7d612ff152e0e3182d0c0ee67a0a7d110cd89');

INSERT INTO meta (name, value) VALUES ('shape:person_trends', 'df756ef2ad78de373c0cd8acb54cce1d480e075fbc6e27f20e22a89942fb98ff');

INSERT INTO meta (name, value) VALUES ('shape:people', '33733f6e890e9c95aa7c711aa133a5ce7d6586a846753f5111c70baf8041b0e3');

INSERT INTO meta (name, value) VALUES ('shape:person_keys', '8abbfd71db511c93a7b9f6614ae5022d989b1cfe5cadf232334445a71fbff183');

INSERT INTO meta (name, value) VALUES ('shape:fresh_meetings', '2ea974b7962354730e2e1bb1963638f5d30485353a2f73eba4c8519827558543');
