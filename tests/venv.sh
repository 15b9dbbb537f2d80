# Sourced: `venv NAME REQUIREMENTS` installs them, pinned, into .tools/NAME-venv of the checkout and says where its
# python is. Anew when the pins change, and marked complete last.
venv() {
    local venv
    venv=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/.tools/$1-venv
    if ! cmp -s "$2" "$venv/installed.txt"; then
        rm -rf "$venv"
        mkdir -p "$(dirname "$venv")"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$2" >&2
        cp "$2" "$venv/installed.txt"
    fi
    echo "$venv/bin/python"
}
