file(READ ${IN} content)
# MSVC-style limits do not concern us, but one raw string is kept under 64 kB all the same: assets are small by design.
file(WRITE ${OUT} "#pragma once
#include <string_view>
namespace gilspy::assets {
inline constexpr std::string_view ${SYMBOL} = R\"asset(${content})asset\";
}
")
