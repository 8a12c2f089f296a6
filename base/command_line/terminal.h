#pragma once

// What programs draw for a person who waits.

#include <string>

namespace sid {

// The width of the terminal that standard output goes to; 0 where it goes elsewhere, as into a file.
int TerminalColumns();

// "[####......]" of `width` characters between the brackets; `fraction` in [0, 1], what is outside is taken as the end.
std::string ProgressBar(double fraction, int width);

}  // namespace sid
