# Sourced: points terraform at a directory of provider plugins, if the machine has one.
# TF_PLUGIN_DIR names it; without, one of the usual form below /opt or /usr/share is taken; without, the registry is asked.
# usage: . tests/terraform-env.sh DIRECTORY     (the directory gets the CLI configuration)
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_CLI_ARGS_init=-input=false
if [ -z "${TF_PLUGIN_DIR:-}" ]; then
    for provider in /opt/*/*/hashicorp/aws /usr/share/*/*/hashicorp/aws; do
        if [ -d "$provider" ]; then TF_PLUGIN_DIR=${provider%/*/hashicorp/aws}; fi
    done
fi
if [ -n "${TF_PLUGIN_DIR:-}" ]; then
    printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$TF_PLUGIN_DIR" > "$1/cli.tfrc"
    export TF_CLI_CONFIG_FILE="$1/cli.tfrc"
elif [ -n "${TF_CLI_CONFIG_FILE:-}" ] && [ ! -f "$TF_CLI_CONFIG_FILE" ]; then
    unset TF_CLI_CONFIG_FILE # it names a file that is not there
fi
