# What the steps of this action share; sourced, not run.

# output NAME VALUE: for the steps that follow
output() { printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:-/dev/null}"; }

# annotate error|warning|notice TEXT: a line of the job's log that GitHub also shows above it
annotate() {
  local text=${2//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '::%s title=gilspy::%s\n' "$1" "${text//$'\n'/%0A}"
}

fail() {
  annotate error "$1"
  exit "${2:-1}"
}
