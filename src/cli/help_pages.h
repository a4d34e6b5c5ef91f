// The words of --help that are not about a single option.
#pragma once

#include "help_formatter.h"

namespace gilspy::cli {

HelpPage main_page();
HelpPage record_page();
HelpPage report_page();
HelpPage check_page();
HelpPage diff_page();
HelpPage dump_page();
HelpPage top_page();
HelpPage completions_page();

}  // namespace gilspy::cli
