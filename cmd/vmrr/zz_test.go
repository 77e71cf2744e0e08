package main

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/timeline"
)

func zzOpen(t *testing.T, every uint64) (*recorded, *past) {
	runtime.LockOSThread()
	rec, err := openReplay(os.Getenv("VMRR_DIR"), nil)
	if err != nil { t.Fatal(err) }
	p, err := rec.start(startOptions{outputs: pc.Outputs{Serial: func(int, uint64, byte) {}}, policy: timeline.Policy{Every: every}})
	if err != nil { t.Fatal(err) }
	if err := rec.kept.addTo(p.timeline, ""); err != nil { t.Fatal(err) }
	return rec, p
}

func zzStat(t *testing.T, name string, d []time.Duration) {
	slices.Sort(d)
	fmt.Printf("%-28s n=%d p50 %v p90 %v p99 %v max %v\n", name, len(d), d[len(d)/2], d[len(d)*9/10], d[len(d)*99/100], d[len(d)-1])
}

func TestZZ(t *testing.T) {
	ctx := context.Background()
	_, p := zzOpen(t, timeline.Never)
	tl := p.timeline
	end := tl.End().ICount
	r := rand.New(rand.NewSource(1))
	var seeks, takes, backs, snaps []time.Duration
	for range 40 {
		n := uint64(r.Int63n(int64(end)))
		t0 := time.Now(); if _, err := tl.Seek(ctx, n); err != nil { t.Fatal(err) }; seeks = append(seeks, time.Since(t0))
		for range 5 {
			t0 = time.Now(); tl.StepBack(ctx, 1); backs = append(backs, time.Since(t0))
		}
		t0 = time.Now(); tl.Snapshot(); takes = append(takes, time.Since(t0))
	}
	zzStat(t, "seek random", seeks)
	zzStat(t, "stepback", backs)
	zzStat(t, "take again", takes)
	tl.Seek(ctx, 1000e6)
	for _, step := range []uint64{1e3, 16e3, 256e3, 1e6, 4e6, 16e6, 64e6} {
		snaps = nil
		var runs []time.Duration
		for range 30 {
			n := tl.Machine().Moment().ICount
			t0 := time.Now(); tl.StepForward(ctx, step); runs = append(runs, time.Since(t0))
			_ = n
			t0 = time.Now(); tl.Snapshot(); snaps = append(snaps, time.Since(t0))
		}
		zzStat(t, fmt.Sprint("run   ", step), runs)
		zzStat(t, fmt.Sprint("take after ", step), snaps)
	}
}
