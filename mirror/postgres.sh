#!/usr/bin/env bash
# Runs a command with MIRROR_POSTGRES set to a PostgreSQL server of its own, and
# MIRROR_POSTGRES_RESTART to a program that crashes and restarts it:
#
#	./postgres.sh go test ./...
#
# The server is made in a temporary folder, listens on a free port of this machine alone,
# and is stopped and removed when the command ends. It needs Debian's package postgresql;
# as root, the server runs as the user postgres.
set -euo pipefail

bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb)") || { echo "PostgreSQL is not installed" >&2; exit 1; }

folder=$(mktemp -d)
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
stop() {
	as "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

[ "$(id -u)" != 0 ] || chown postgres "$folder"
cd_before=$PWD
cd "$folder" # which the user postgres can read
as "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null
port=$((20000 + RANDOM % 20000))
for _ in 1 2 3 4 5; do
	if as "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w \
		-o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder" start >/dev/null; then
		started=yes
		break
	fi
	port=$((20000 + RANDOM % 20000)) # the port was taken
done
[ -n "${started:-}" ] || { cat "$folder/log" >&2; exit 1; }

cat >"$folder/restart" <<-end
	#!/bin/sh
	cd "$folder"
	exec $([ "$(id -u)" != 0 ] || echo runuser -u postgres --) "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -m immediate -w restart
end
chmod +x "$folder/restart"

cd "$cd_before"
MIRROR_POSTGRES_RESTART="$folder/restart" MIRROR_POSTGRES="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable" "$@"
