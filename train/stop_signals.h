#pragma once

// The signals that a person, a lost connection or a batch system sends before the end ask the training to end after the running step or
// validation. The exit code is the shell's, 128 + signal: 130 for Ctrl-C.
//
//   SIGINT, SIGTERM              Ctrl-C, kill and most batch systems; a second of these ends the process at once
//   SIGHUP, SIGPIPE              the terminal is gone, or what reads the output; SIGHUP may come several times
//   SIGUSR1, SIGUSR2, SIGXCPU    a job's time is nearly over (Slurm's --signal, Grid Engine's -notify, LSF, a limit of processor time)
//
// One that the process was started to ignore stays ignored: nohup and background jobs of scripts rely on it.

namespace sid {

// From here on they are caught. For the main function only.
void CatchStopSignals();

// The signal that came first, 0 for none.
int CaughtStopSignal();

}  // namespace sid
