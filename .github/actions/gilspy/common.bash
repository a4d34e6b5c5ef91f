# What the steps of this action share; sourced, not run.

# output NAME VALUE: for the steps that follow
output() { printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:-/dev/null}"; }

# annotate error|warning|notice TEXT [FILE LINE]: a line of the job's log that GitHub also shows above it, or in the change
annotate() {
  local text=${2//'%'/%25} place=''
  text=${text//$'\r'/%0D}
  [[ $# == 2 ]] || place=",file=$3,line=$4"
  printf '::%s title=gilspy%s::%s\n' "$1" "$place" "${text//$'\n'/%0A}"
}

fail() {
  annotate error "$1"
  exit "${2:-1}"
}
