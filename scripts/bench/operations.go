// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// operation is a row of the table of operations.
type operation struct {
	what, mode string
	times      func(result) []float64 // ms
	// rival is QEMU's row to compare this one with; nil if it is QEMU's own.
	rival *operation
}

func saves(r result) []float64 { return r.save }
func loads(r result) []float64 { return r.load }
func trips(r result) []float64 { return r.trip }

var (
	qemuSaves = &operation{what: "QEMU: savevm", mode: qemuTravel, times: saves}
	qemuLoads = &operation{what: "QEMU: loadvm", mode: qemuTravel, times: loads}
	qemuTrips = &operation{what: "QEMU: info status", mode: qemuTravel, times: trips}
)

// operationRows are what is timed, as the table shows it.
var operationRows = []*operation{
	{"vmrr record: savevm", vmrrSave, saves, qemuSaves},
	{"vmrr replay: savevm", vmrrTravel, saves, qemuSaves},
	{"vmrr replay: loadvm of its own", vmrrTravel, loads, qemuLoads},
	{"vmrr replay: loadvm of the recorder's", vmrrTravel, func(r result) []float64 { return r.kept }, qemuLoads},
	{"vmrr record: info status", vmrrSave, trips, qemuTrips},
	{"vmrr replay: info status", vmrrTravel, trips, qemuTrips},
	qemuSaves,
	qemuLoads,
	qemuTrips,
}

// reportOperations prints how long savevm and loadvm took.
func reportOperations(out io.Writer, results map[string][]result) {
	fmt.Fprintf(out, "\nsavevm and loadvm at %d points of a boot while it runs, from sending the command to the monitor to its next prompt;\n"+
		"info status does nothing else. Times of all rounds together, QEMU / vmrr of medians. QEMU saves and loads in a\n"+
		"plain run, since in a replay its loadvm hangs; loadvm of the recorder's reads files of another process.\n\n", operations)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "operation\tQEMU / vmrr\tmedian, ms\tp90, ms\tworst, ms\tn")
	for _, o := range operationRows {
		s := all(results[o.mode], o.times)
		if s.n == 0 {
			continue
		}
		ratio := ""
		if o.rival != nil {
			ratio = times(all(results[o.rival.mode], o.rival.times).median, s.median)
		}
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%.1f\t%.1f\t%d\n", o.what, ratio, s.median, s.p90, s.max, s.n)
	}
	t.Flush()
}
