// Text that came from another process, made fit for a page: it can neither become markup nor turn its neighbours round.
#pragma once

#include <string>
#include <string_view>

namespace gilspy::html {

// For text and for attributes in quotes; wording::printable() included.
std::string escaped(std::string_view bytes);

// JSON that may stand inside <script>: "<" as \u003c, so that nothing in it ends the element or opens a comment.
std::string script_safe(std::string_view json);

}  // namespace gilspy::html
