// The definitions of the library fmt, once for all of gilspy (cmake/fmt.cmake): as headers alone they would be compiled
// again with each file that formats, and take longer than the rest of it.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;

}  // namespace detail
FMT_END_NAMESPACE
