// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// limit is how long a script waits for what must come, on the slowest machine.
const limit = 2 * time.Minute

// process is a vmrr that a script runs while it does other things.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{} // closed when it has ended
}

// processes is the key of a script's processes by name, environment that of what
// they are given.
type (
	processes   struct{}
	environment struct{}
)

// start runs `start NAME COMMAND...`. Its output goes to NAME.out and NAME.err; its
// standard input is what `type` types.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME COMMAND...")
	}
	path := args[1]
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if found := filepath.Join(dir, args[1]); path == args[1] && isFile(found) {
			path = found
		}
	}
	p := &process{cmd: &exec.Cmd{Path: path, Args: args[1:], Dir: ts.MkAbs("."), Env: *ts.Value(environment{}).(*[]string)},
		done: make(chan struct{})}
	out, err := os.Create(ts.MkAbs(args[0] + ".out"))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	p.cmd.Stdout, p.cmd.Stderr = out, errs
	p.stdin, err = p.cmd.StdinPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	go func() {
		p.cmd.Wait()
		out.Close()
		errs.Close()
		close(p.done)
	}()
	ts.Value(processes{}).(map[string]*process)[args[0]] = p
	ts.Defer(func() {
		p.cmd.Process.Kill()
		<-p.done
	})
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode().IsRegular()
}

// started returns the process of that name.
func started(ts *testscript.TestScript, name string) *process {
	p := ts.Value(processes{}).(map[string]*process)[name]
	if p == nil {
		ts.Fatalf("%q was not started", name)
	}
	return p
}

// output returns what a process has said.
func output(ts *testscript.TestScript, name string) string {
	return ts.ReadFile(name+".out") + ts.ReadFile(name+".err")
}

// signals are what `send` can send.
var signals = map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "USR2": syscall.SIGUSR2}

// send runs `send SIGNAL NAME`.
func send(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || signals[args[0]] == nil {
		ts.Fatalf("usage: send INT|TERM|KILL|USR2 NAME")
	}
	ts.Check(started(ts, args[1]).cmd.Process.Signal(signals[args[0]]))
}

// ends runs `ends NAME CODE`: it waits until the process ends, with that exit code,
// or -1 if a signal is to have ended it.
func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ends NAME CODE")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	p := started(ts, args[0])
	select {
	case <-p.done:
	case <-time.After(limit):
		ts.Fatalf("%q does not end; it says:\n%s", p.cmd.Args, output(ts, args[0]))
	}
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("%q exits with %d, want %d; it says:\n%s", p.cmd.Args, got, want, output(ts, args[0]))
	}
}

// typed runs `type NAME TEXT`. ^C in it is that key, and $ that for the end of a line.
func typed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: type NAME TEXT")
	}
	text := strings.NewReplacer("^C", "\x03", "$", "\n").Replace(args[1])
	_, err := io.WriteString(started(ts, args[0]).stdin, text)
	ts.Check(err)
}

// busy runs `busy NAME`: it waits until the process has used 0.2 s of processor time,
// and so is in the middle of its work, however slow the machine is.
func busy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: busy NAME")
	}
	const userTime, ticks = 11, 20 // the field behind "PID (NAME) ", from 0; in hundredths of a second (proc(5))
	p := started(ts, args[0])
	for end := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		ts.Check(err)
		_, fields, _ := strings.Cut(string(stat), ") ")
		used, err := strconv.Atoi(strings.Fields(fields)[userTime])
		ts.Check(err)
		switch {
		case used >= ticks:
			return
		case time.Now().After(end):
			ts.Fatalf("%q does nothing", p.cmd.Args)
		}
		select {
		case <-p.done:
			ts.Fatalf("%q has ended; it says:\n%s", p.cmd.Args, output(ts, args[0]))
		default:
		}
	}
}

// hangup runs `hangup NAME`: it ends the standard input.
func hangup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hangup NAME")
	}
	ts.Check(started(ts, args[0]).stdin.Close())
}

// waitfor runs `waitfor FILE TEXT`: it waits until the file has the text.
func waitfor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	path := ts.MkAbs(args[0])
	for end := time.Now().Add(limit); ; time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(path)
		if err == nil && bytes.Contains(b, []byte(args[1])) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s has no %q (error %v), but:\n%s", args[0], args[1], err, b)
		}
	}
}
