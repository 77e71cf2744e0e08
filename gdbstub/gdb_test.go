// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gdb runs the real gdb on a target, with GDBInit if init is set, and returns what it printed.
func gdb(t *testing.T, target Target, init bool, commands ...string) string {
	t.Helper()
	return gdbProcess(t, target, init, make(chan int, 1), commands...)
}

// gdbProcess does the same and tells the process id once gdb has started.
func gdbProcess(t *testing.T, target Target, init bool, pid chan<- int, commands ...string) string {
	t.Helper()
	path, err := exec.LookPath("gdb")
	if err != nil {
		t.Fatalf("this test needs gdb, which is a part of the development set-up: %v", err)
	}
	args := []string{"-batch", "-nx", "-ex", "set confirm off", "-ex", "set width 0", "-ex", "set tcp connect-timeout 5"}
	if init {
		script := filepath.Join(t.TempDir(), "init.gdb")
		if err := os.WriteFile(script, []byte(GDBInit), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-x", script)
	}
	args = append(args, "-ex", "target remote "+startServer(t, target))
	for _, c := range commands {
		args = append(args, "-ex", c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+t.TempDir())
	var buf strings.Builder
	cmd.Stdout, cmd.Stderr = &buf, &buf
	err = cmd.Start()
	if err == nil {
		pid <- cmd.Process.Pid
		err = cmd.Wait()
	}
	out := buf.String()
	if err != nil {
		t.Fatalf("gdb: %v\n%s", err, out)
	}
	t.Logf("gdb printed:\n%s", out)
	return out
}

// expectInOrder checks that the texts come one after another in out, runs of
// blanks counting as one.
func expectInOrder(t *testing.T, out string, texts ...string) {
	t.Helper()
	rest := strings.Join(strings.Fields(out), " ")
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Fatalf("gdb printed no %q in\n%s", text, rest)
		}
		rest = after
	}
}

func TestGDB(t *testing.T) {
	f := newFake()
	out := gdb(t, f, false,
		"info registers rip rsp eflags cr0 fs_base st0 mxcsr",
		"x/4xb 0x1000",
		"x/3i $pc",
		"info threads",
		"break *0x1004",
		"continue",
		"stepi",
		"print $rdi",
		"reverse-stepi",
		"delete",
		"hbreak *0x1005",
		"continue",
		"continue",
		"print $rax",
		"reverse-continue",
		"print $rax",
		"delete",
		"watch *(char *) 0x2004",
		"continue",
		"reverse-continue",
		"delete",
		"reverse-continue",
		"print $pc",
		"reverse-stepi",
		"continue",
		"print $rax",
		"find /b 0x2000, 0x2fff, 0x10, 0x11",
		"monitor info replay",
		"set $rbx = 0x1234",
		"print/x $rbx",
		"set {int}0x3000 = 0x55aa",
		"x/xw 0x3000",
		"x/xb 0x100000",
		"info registers",
		"detach")
	expectInOrder(t, out, "0x0000000000001000 in ??",
		"rip 0x1000", "rsp 0x3fc0", "eflags 0x202 [ IF ]", "cr0 0x80050033 [ PE MP ET NE WP AM PG ]", "fs_base 0x0", "st0 0", "mxcsr 0x0",
		"0x1000: 0x90 0x48 0xff 0xc0",
		"=> 0x1000: nop 0x1001: inc %rax 0x1004: stos %al,%es:(%rdi)",
		"Thread 1", "CPU#0",
		"Breakpoint 1 at 0x1004", "Breakpoint 1, 0x0000000000001004 in ??",
		"0x0000000000001005 in ??", "= 8193",
		"0x0000000000001004 in ??",
		"Hardware assisted breakpoint 2 at 0x1005", "Breakpoint 2, 0x0000000000001005", "Breakpoint 2, 0x0000000000001005", "= 2",
		"Breakpoint 2, 0x0000000000001005", "= 1",
		"Hardware watchpoint 3", "Hardware watchpoint 3", "New value = 5",
		"Hardware watchpoint 3", "New value = 0",
		"No more reverse-execution history.", "= (void (*)()) 0x1000",
		"No more reverse-execution history.",
		"No more reverse-execution history.", "= 250",
		"0x200f", "1 pattern found.",
		"icount 1000 of 1000",
		"= 0x1234", "0x3000: 0x000055aa",
		"Cannot access memory at address 0x100000",
		"rax 0xfa", "k_gs_base 0x0", "efer 0x0",
		"detached")
	<-f.left
	if got := strings.Join(f.calls, " "); got != "attached detached" {
		t.Errorf("the target saw %q; want %q", got, "attached detached")
	}
}

func TestGDBReadOnly(t *testing.T) {
	f := newFake()
	f.readOnly = true
	out := gdb(t, f, false, "print $rax = 7", "print {int}0x2000 = 7", "stepi", "print $rax", "x/xw 0x2000",
		"print {int}0x2004 = 7", "monitor info replay", "stepi", "kill")
	expectInOrder(t, out,
		`Could not write register "rax"; remote failure reply 'E.writing rax: the past cannot be changed'`,
		"Cannot access memory at address 0x2000",
		"The write to 0x2000 was refused: the past cannot be changed", "0x0000000000001001 in ??", "= 0", "0x2000: 0x00000000",
		"Cannot access memory at address 0x2004",
		"The write to 0x2004 was refused: the past cannot be changed", "icount 1 of 1000", "0x0000000000001004 in ??", "killed")
	if n := strings.Count(out, "was refused"); n != 2 {
		t.Errorf("gdb said %d times that a write was refused; want 2, once for each", n)
	}
	<-f.left
	if got := strings.Join(f.calls, " "); got != "attached killed" {
		t.Errorf("the target saw %q; want %q", got, "attached killed")
	}
}

// After a jump gdb shows what it remembers, unless it knows GDBInit.
func TestGDBMonitorJump(t *testing.T) {
	jump := []string{"print $pc", "x/1xb 0x2000", "monitor replay_seek 3", "print $pc", "x/1xb 0x2000", "monitor info replay"}
	t.Run("plain", func(t *testing.T) {
		out := gdb(t, newFake(), false, append(jump,
			"maintenance flush register-cache", "maintenance flush dcache", "print $pc", "x/1xb 0x2000",
			"monitor replay_seek 0", "stepi", "print $pc", "monitor boo", "echo end")...)
		expectInOrder(t, out, "0x1000", "0x2000: 0x00", "The machine has moved.", "0x1000", "icount 3 of 1000",
			"= (void (*)()) 0x1005", "0x2000: 0x01", "= (void (*)()) 0x1001", `unknown command: "boo"`)
		if strings.Contains(out, "Protocol error") {
			t.Error("a monitor command that fails is a protocol error; want its text only")
		}
	})
	t.Run("GDBInit", func(t *testing.T) {
		out := gdb(t, newFake(), true, append(jump, "monitor boo", "stepi", "monitor replay_seek 0", "echo end")...)
		expectInOrder(t, out, "= (void (*)()) 0x1000", "0x2000: 0x00", "#0 0x0000000000001005 in ??",
			"= (void (*)()) 0x1005", "0x2000: 0x01", "icount 3 of 1000", `unknown command: "boo"`,
			"0x0000000000001006 in ??", "#0 0x0000000000001000 in ??", "end")
		if n := strings.Count(out, "#0"); n != 2 {
			t.Errorf("gdb showed the frame %d times; want 2, once for each jump", n)
		}
		for _, noise := range []string{"flushed", "moved", "sending", "received"} {
			if strings.Contains(out, noise) {
				t.Errorf("gdb printed %q; want silence", noise)
			}
		}
	})
}

// The real gdb has its conditions evaluated by the target, and finds what it finds
// when it evaluates them itself.
func TestGDBConditions(t *testing.T) {
	for _, c := range []struct{ name, condition, stops string }{
		{"register", "$rax == 7", "7"},
		{"memory", "*(unsigned char *) 0x2004 == 5 && $rax != 3 && $rax < 7", "6"},
		{"signed", "(signed char) ($rax + 100) < 0 && (signed char) $rax > 31", "32"},
		{"a division", "100 / ($rax - 7) == -25", "3"},
		{"arithmetic", "($rax * 5) % 7 == 1 && ($rax << 2 | 1) == 0x29", "10"},
		{"memory that is not there", "$rax >= 9 && *(long *) 0x500000 == 5", "9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var printed []string
			for how, said := range map[string]string{"target": " (target evals) ", "host": " "} {
				out := gdb(t, newFake(), false, "set breakpoint condition-evaluation "+how,
					"break *0x1004 if "+c.condition, "continue", "info breakpoints", "echo stop \n", "print $rax", "delete", "hbreak *0x1004 if "+c.condition,
					"monitor replay_seek 290", "maintenance flush register-cache", "maintenance flush dcache",
					"reverse-continue", "echo back \n", "print $rax")
				expectInOrder(t, out, "stop only if "+c.condition+said+"breakpoint already hit 1 time", "stop", "= "+c.stops, "Breakpoint 2", "back", "= ")
				printed = append(printed, strings.ReplaceAll(out, " (target evals)", ""))
			}
			if printed[0] != printed[1] {
				t.Errorf("gdb printed\n%s\nand, the other way,\n%s", printed[0], printed[1])
			}
		})
	}
}

func TestGDBPhysicalMemory(t *testing.T) {
	out := gdb(t, newFake(), false, "maintenance packet Qqemu.PhyMemMode:1", "x/2xb 0", "maintenance packet Qqemu.PhyMemMode:0", "x/2xb 0x1000")
	expectInOrder(t, out, `received: "OK"`, "0x0: 0x90 0x48", `received: "OK"`, "0x1000: 0x90 0x48")
}

// Files go to gdb whole, and stay what they were when they were opened.
func TestGDBFiles(t *testing.T) {
	local := filepath.Join(t.TempDir(), "local")
	out := gdb(t, newFake(), false, "remote get notes "+local, "remote get notes "+local, "shell cat "+local, "echo end")
	expectInOrder(t, out, "opened 2 $#*}", "end")
	for name, want := range map[string]string{"nothing": "No such file", "broken": "Input/output error"} {
		cmd := exec.Command("gdb", "-batch", "-nx", "-ex", "target remote "+startServer(t, newFake()), "-ex", "remote get "+name+" "+local)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("remote get %s says %s, %v; want %q and an error", name, out, err, want)
		}
	}
}

// TestGDBInterrupt presses Ctrl-C while the machine runs.
func TestGDBInterrupt(t *testing.T) {
	f := newFake()
	f.spin = true
	pid := make(chan int, 1)
	go func() {
		select {
		case <-f.running:
			syscall.Kill(<-pid, syscall.SIGINT)
		case <-time.After(30 * time.Second):
		}
	}()
	out := gdbProcess(t, f, false, pid, "continue", "print $pc")
	expectInOrder(t, out, "Program received signal SIGINT", "= (void (*)()) 0x1000")
}
