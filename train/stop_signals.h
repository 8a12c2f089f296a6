#pragma once

// SIGINT and SIGTERM: the first asks the training to end after the running step or validation, a second ends the process at once. Either way the
// exit code is the shell's, 128 + signal: 130 or 143.

namespace sid {

// From here on both are caught. For the main function only.
void CatchStopSignals();

// The signal that came, 0 for none.
int CaughtStopSignal();

}  // namespace sid
