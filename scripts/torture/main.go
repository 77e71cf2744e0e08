// SPDX-License-Identifier: GPL-2.0-or-later

// Command torture kills recorders at random instants and checks what is left of
// their recordings: each must verify, be known up to at most the last tenth of a
// second before the kill, and print on replay what the recorder had printed.
//
//	go run ./scripts/torture -n 100
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

type options struct {
	kills int
	jobs  int
	limit time.Duration
	alive time.Duration
	seed  uint64
	vmrr  string
	guest string
}

func main() {
	var o options
	flag.IntVar(&o.kills, "n", 100, "how many recorders to kill")
	flag.IntVar(&o.jobs, "jobs", runtime.NumCPU(), "how many at a time")
	flag.DurationVar(&o.limit, "limit", 6*time.Minute, "begin no other after this time")
	flag.DurationVar(&o.alive, "alive", 4*time.Second, "how long a recorder may live at most")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the random instants")
	flag.StringVar(&o.vmrr, "vmrr", "bin/vmrr", "the vmrr to torture")
	flag.StringVar(&o.guest, "guest", "build/guests/x86_64", "directory with vmlinux and initrd.gz")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := torture(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "torture: %v\n", err)
		os.Exit(1)
	}
}

// torture kills recorders until it has killed enough or time is up.
func torture(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "vmrr-torture-")
	if err != nil {
		return err
	}
	fmt.Printf("torture: %d recorders, seed %d\n", o.kills, o.seed)
	var (
		begun   = time.Now()
		random  = rand.New(rand.NewPCG(o.seed, 1))
		work    = make(chan victim)
		results = make(chan error)
		workers sync.WaitGroup
	)
	for range o.jobs {
		workers.Go(func() {
			for v := range work {
				results <- v.suffer(ctx)
			}
		})
	}
	go func() {
		defer close(results)
		for i := range o.kills {
			if ctx.Err() != nil || time.Since(begun) > o.limit {
				break
			}
			work <- victim{options: o, dir: filepath.Join(dir, fmt.Sprint(i)), life: time.Duration(random.Int64N(int64(o.alive)))}
		}
		close(work)
		workers.Wait()
	}()
	done, failed := 0, 0
	for err := range results {
		if done++; err != nil {
			failed++
			fmt.Printf("torture: %v\n", err)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d recordings failed; they are in %s", failed, done, dir)
	}
	if done < o.kills {
		return fmt.Errorf("there was time for %d of %d recorders only", done, o.kills)
	}
	fmt.Printf("torture: %d recorders killed; every recording verifies and replays what was printed\n", done)
	return os.RemoveAll(dir)
}

// victim is one recorder.
type victim struct {
	options
	dir  string
	life time.Duration
}

// lost is how much host time a kill may cost a recording, with room for a machine
// that has other things to do.
const lost = 500 * time.Millisecond

func (v *victim) suffer(ctx context.Context) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s, killed after %v: %s", v.dir, v.life, fmt.Sprintf(format, args...))
	}
	// What the recorder printed, and what it had printed a while before it died.
	var printed, early bytes.Buffer
	record := exec.CommandContext(ctx, v.vmrr, "record", "-kernel", filepath.Join(v.guest, "vmlinux"),
		"-initrd", filepath.Join(v.guest, "initrd.gz"), "-append", "console=ttyS0 panic=-1", "-m", "256M",
		"-icount", "shift=3,sleep=off", "-o", v.dir)
	begun := time.Now()
	record.Stdout = writerFunc(func(p []byte) {
		printed.Write(p)
		if time.Since(begun) < v.life-lost {
			early.Write(p)
		}
	})
	if err := record.Start(); err != nil {
		return fail("%v", err)
	}
	time.Sleep(v.life)
	record.Process.Kill()
	record.Wait()
	if status := record.ProcessState; !status.Success() && status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		return fail("the recorder ended by itself: %v", status)
	}
	if _, err := os.Stat(filepath.Join(v.dir, "events.log")); err != nil && v.life < lost {
		return os.RemoveAll(v.dir) // killed before there was anything to record
	}
	out, err := exec.CommandContext(ctx, v.vmrr, "verify", v.dir).CombinedOutput()
	if v.life < lost && bytes.Contains(out, []byte("is known up to icount 0\n")) {
		return os.RemoveAll(v.dir) // it was killed before the machine was on
	}
	if err != nil {
		return fail("verify: %v: %s", err, out)
	}
	var again, said bytes.Buffer
	replay := exec.CommandContext(ctx, v.vmrr, "replay", v.dir)
	replay.Stdout, replay.Stderr = &again, &said
	if err := replay.Run(); err != nil {
		return fail("replay: %v: %s", err, said.Bytes())
	}
	if !bytes.HasPrefix(again.Bytes(), early.Bytes()) {
		return fail("the replay prints %d bytes, of which the recorder had printed %d at least %v before", again.Len(), early.Len(), lost)
	}
	if n := min(again.Len(), printed.Len()); !bytes.Equal(again.Bytes()[:n], printed.Bytes()[:n]) {
		return fail("the replay does not print what the recorder printed")
	}
	return os.RemoveAll(v.dir)
}

// writerFunc is a function as an io.Writer.
type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
