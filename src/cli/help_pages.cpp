#include "help_pages.h"

namespace gilspy::cli {
namespace {

HelpSection exit_status() {
  return {
      "Exit status",
      {{"0", "recorded and written (also when the process ended or replaced itself while it was recorded)"},
       {"64", "the command line is wrong"},
       {"65", "the recording cannot be read"},
       {"66", "there is no such process, or it ended before the first sample"},
       {"69", "not a CPython, or a build that gilspy has no layout for"},
       {"70", "gilspy itself failed"},
       {"74", "the output cannot be written"},
       {"77", "not permitted; the message says what to run"}},
      "With a command to launch: the command's own, 128 + N when signal N ended it; 125 when gilspy failed, 126 when "
      "the command cannot be executed, 127 when there is none of that name."};
}

}  // namespace

HelpPage main_page() {
  HelpSection statuses = exit_status();
  statuses.note += " gilspy check has its own: 0 is fine, 1 is not, 2 when nobody can tell.";
  return {{{"gilspy COMMAND [OPTIONS]", ""}},
          {{"Examples",
            {{"gilspy record --pid 4242", "SVG and summary at Ctrl-C or its end"},
             {"gilspy record -- python app.py", "launch a program, record all of it"},
             {"gilspy record --pid 4242 -d 10 -o x.svg", "ten seconds"},
             {"gilspy record --pid 4242 --view blame", "who makes others wait: fix that first"},
             {"gilspy record --pid 4242 -f json -o -", "numbers for scripts"},
             {"gilspy dump --pid 4242", "what every thread is doing now"},
             {"gilspy check a.gilspy --max-gil-wait 30%", "a recording, judged for CI"},
             {"gilspy diff a.gilspy b.gilspy", "what changed between two recordings"}}},
           statuses}};
}

HelpPage record_page() {
  HelpSection examples{"Examples",
                       {{"gilspy record --pid 4242", "SVG and summary at Ctrl-C or its end"},
                        {"gilspy record -- python app.py", "launch a program, record all of it"},
                        {"gilspy record --pid 4242 -d 10 -o x.svg", "ten seconds"},
                        {"gilspy record -s --pid 4242", "and all processes that it starts"},
                        {"gilspy record --pid 4242 --view blame", "who makes others wait: fix that first"},
                        {"gilspy record --pid 4242 -f json -o -", "numbers for scripts, on stdout"},
                        {"gilspy record --pid 4242 -f folded -t", "stacks by thread, for other tools"},
                        {"gilspy record --pid 4242 -f gilspy", "everything, for `gilspy report`"}}};
  HelpPage page{{{"gilspy record [OPTIONS] --pid PID", ""}, {"gilspy record [OPTIONS] -- COMMAND [ARGUMENTS...]", ""}},
                {examples, exit_status()}};
  page.also = {
      "What to record",
      {{"-- COMMAND...", "Program to launch and to record to its end; its exit status becomes that of gilspy"}}};
  return page;
}

HelpPage report_page() {
  return {{{"gilspy report [OPTIONS] RECORDING", ""}},
          {{"Examples",
            {{"gilspy report gilspy-4242.gilspy", "a flame graph and the summary"},
             {"gilspy report a.gilspy --view blame -o x.svg", "the same, seen otherwise"},
             {"gilspy report a.gilspy -f json -o -", "numbers for scripts"}}}}};
}

HelpPage check_page() {
  return {{{"gilspy check [OPTIONS] RECORDING", ""}},
          {{"Examples",
            {{"gilspy check a.gilspy --max-gil-wait 30%", "threads may wait for 30 % of their time"},
             {"gilspy check a.gilspy --fail-on serialized_by_gil", "the GIL must not be what limits"},
             {"gilspy check a.gilspy --config gilspy.toml", "rules of the project"}}},
           {"Exit status of check",
            {{"0", "the recording keeps to all rules"},
             {"1", "it breaks one of them"},
             {"2", "nobody can tell: no recording, too little in it, a rule that does not apply, wrong usage"}}}}};
}

HelpPage diff_page() {
  return {{{"gilspy diff [OPTIONS] BASE HEAD", ""}},
          {{"Examples",
            {{"gilspy diff a.gilspy b.gilspy", "what changed, and a flame graph"},
             {"gilspy diff a.gilspy b.gilspy --view blame", "with a graph of who makes others wait"},
             {"gilspy diff a.gilspy b.gilspy --work 90:110", "for each of so many requests"},
             {"gilspy diff a.gilspy b.gilspy --work 1:1", "of two whole runs"},
             {"gilspy diff a.gilspy b.gilspy -o x.md", "for a comment on a pull request"}},
            "A change is beyond noise when its interval does not contain 0; all intervals hold together with 95 % "
            "certainty. The exit status is 0 whether something changed or not."}}};
}

HelpPage dump_page() {
  return {{{"gilspy dump [OPTIONS] --pid PID", "a process that runs"},
           {"gilspy dump [OPTIONS] --core FILE", "one that has ended"}},
          {{"Examples",
            {{"gilspy dump --pid 4242", "what every thread is doing, and its stack"},
             {"gilspy dump --pid 4242 -l", "and the variables of its frames"},
             {"gilspy dump --pid 4242 -j", "the same as JSON"},
             {"gilspy dump --core core.4242 -n", "what it did when it crashed, also in C"}}}}};
}

HelpPage top_page() {
  return {{{"gilspy top --pid PID", ""}},
          {{"Until then",
            {{"gilspy dump --pid 4242", "what every thread is doing now"},
             {"gilspy record --pid 4242 -d 10", "what they do in ten seconds"}}}}};
}

HelpPage completions_page() {
  return {{{"gilspy completions SHELL", ""}},
          {{"Examples",
            {{"source <(gilspy completions bash)", "in ~/.bashrc for all shells"},
             {"gilspy completions zsh >~/.zfunc/_gilspy", "a folder of fpath"},
             {"gilspy completions fish | source", "in config.fish for all shells"}},
            "Packages install them where the shells look by themselves."}}};
}

}  // namespace gilspy::cli
