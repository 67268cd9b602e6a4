"""Stand-ins for the commands that need systemd as process 1, or the network; all others are the real ones."""

import sys
from pathlib import Path

SYSTEMCTL = r"""
verb= units=
for word; do
    case $word in -*) ;; *) [ -z "$verb" ] && verb=$word || units="$units $word" ;; esac
done
for unit in $units; do
    case $unit in *.*) ;; *) unit=$unit.service ;; esac
    file=$UNITS/$unit
    [ -f "$file" ] || { echo "Unit $unit could not be found." >&2; exit 5; }
    if [ "$verb" = cat ]; then
        cat "$file"
        for more in "$file".d/*.conf; do [ ! -f "$more" ] || { echo; cat "$more"; }; done
    elif [ "$verb $unit" = "enable refilld.service" ]; then
        install -d -o refilld -g refilld -m 0700 /var/lib/refilld
        cd /var/lib/refilld
        env -i PATH=/usr/bin:/bin REFILLD_CONFIG=/etc/refilld/config.toml /opt/refilld/bin/refilld db upgrade
    fi
done
"""
SYSTEMD_RUN = r"""
directory=/ variables= loaded=
for word; do
    [ -z "${RUN_LOG-}" ] || printf '%s\n' "$word" >> "$RUN_LOG"
    case $word in
    --property=WorkingDirectory=*) directory=${word#*=*=} ;;
    --property=Environment=*) variables="$variables ${word#*=*=}" ;;
    --property=LoadCredential=*) loaded="$loaded ${word#*=*=}" ;;
    esac
done
while case ${1-} in --*) true ;; *) false ;; esac; do shift; done
[ -z "${RUN_LOG-}" ] || exit 0
credentials=$(mktemp -d)
for one in $loaded; do
    [ ! -f "/etc/credstore/${one#*:}" ] || cp "/etc/credstore/${one#*:}" "$credentials/${one%:*}"
done
cd "$directory"
exec env -i PATH=/usr/bin:/bin CREDENTIALS_DIRECTORY="$credentials" $variables "$@"
"""
NOTHING = "exit 0\n"


def write_shims(folder: Path, **scripts: str) -> Path:
    """Write shell scripts of these names (with - for _) into a folder."""
    folder.mkdir()
    for name, script in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\nset -eu\n{script}")
        path.chmod(0o755)
    return folder


def python3(template: Path) -> str:
    """`python3 -m venv DIRECTORY` copies an installation; everything else is done by the real interpreter."""
    return f"""
if [ "$1 $2" = "-m venv" ]; then
    cp -a {template} "$3"
    printf '#!/bin/sh\\n[ "$1" = install ]\\n' > "$3/bin/pip"
    chmod +x "$3/bin/pip"
    exit 0
fi
exec {sys.executable} "$@"
"""
