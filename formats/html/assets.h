// The files of the page's code, in the order in which they follow each other.
#pragma once

#include <array>
#include <string_view>

#include "data.js.h"
#include "details.html.h"
#include "flame.js.h"
#include "flame_graph.js.h"
#include "help.html.h"
#include "lanes.js.h"
#include "page.js.h"
#include "paint.js.h"
#include "style.css.h"
#include "sums.js.h"
#include "tables.js.h"
#include "timeline.html.h"
#include "timeline.js.h"
#include "words.js.h"

namespace gilspy::html {

inline constexpr std::array kScripts{
    assets::html_data,  assets::html_sums,     assets::html_flame,       assets::html_words,  assets::html_paint,
    assets::html_lanes, assets::html_timeline, assets::html_flame_graph, assets::html_tables, assets::html_page};

}  // namespace gilspy::html
