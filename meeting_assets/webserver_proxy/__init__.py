"""A reverse proxy before Dagster's webserver. It refuses requests that other pages of a browser can forge.

Dagster's webserver executes GraphQL mutations for any page that is open in the same browser: it checks neither `Host`
nor `Origin`, and it executes a GET. Modules: the decisions (`policy`, pure), the connections to the webserver
(`upstream`, `websocket_relay`), the ASGI application and the process that serves it.
"""
