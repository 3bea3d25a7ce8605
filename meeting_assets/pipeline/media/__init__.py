"""Audio and video files: inspection, conversion, voice activity, mixing.

PyAV and webrtcvad belong to the extra `media` of the package. `libraries` imports them inside functions, so that
everything else works without them.
"""
