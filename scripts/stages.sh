# Sourced by ./test and .ci/run: runs one stage after another and adds up what they counted.
#
# A stage is a command. Where the last line of its output is `N passed, N failed` (`, N skipped` may follow), these are
# its counts; otherwise it counts as one that passed or failed by its exit status.

tally_passed=0
tally_failed=0
tally_skipped=0
failed_stages=()
stage_output=$(mktemp -d)
trap 'rm -rf "$stage_output"' EXIT

# stage TITLE COMMAND...: the command's own exit status is returned.
stage() {
  local title=$1 status=0 started=$SECONDS
  shift
  printf '\n== %s\n' "$title"
  "$@" 2>&1 | tee "$stage_output/log" || status=${PIPESTATUS[0]}

  local passed=0 failed=0 skipped=0
  if [[ $(tail -n 1 "$stage_output/log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
    passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]} skipped=${BASH_REMATCH[4]:-0}
    # A stage that broke without a failed case has failed all the same.
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  elif [ "$status" -eq 0 ]; then
    passed=1
  else
    failed=1
  fi
  tally_passed=$((tally_passed + passed))
  tally_failed=$((tally_failed + failed))
  tally_skipped=$((tally_skipped + skipped))
  if [ "$failed" -gt 0 ]; then failed_stages+=("$title"); fi
  printf -- '-- %s: %s in %d s\n' "$title" "$([ "$failed" -eq 0 ] && echo ok || echo FAILED)" $((SECONDS - started))
  return "$status"
}

# The last line, and the exit status, of the whole.
finish() {
  echo
  local title
  for title in "${failed_stages[@]}"; do echo "FAILED: $title"; done
  local line="$tally_passed passed, $tally_failed failed"
  if [ "$tally_skipped" -gt 0 ]; then line+=", $tally_skipped skipped"; fi
  echo "$line"
  [ "$tally_failed" -eq 0 ] && [ "$tally_passed" -gt 0 ]
}
