// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"bytes"
	"encoding/json"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/monitor"
)

// negotiation is the command that must come first.
const negotiation = "qmp_capabilities"

// command is one command.
type command struct {
	name     string
	params   []param
	run      func(*call) (any, error)
	anywhere bool // it needs nothing of the machine, nor its thread
}

// commands returns the table, in order of names.
func commands() []command {
	icount := []param{{"icount", kindInteger, false}}
	snapshot := []param{{"job-id", kindString, false}, {"tag", kindString, false},
		{"vmstate", kindString, true}, {"devices", kindArray, true}}
	return []command{
		{name: "cont", run: (*call).cont},
		{name: "human-monitor-command", run: (*call).human,
			params: []param{{"command-line", kindString, false}, {"cpu-index", kindInteger, true}}},
		{name: "inject-nmi", run: press(machine.InputNMI)},
		{name: "job-dismiss", run: (*call).dismiss, params: []param{{"id", kindString, false}}, anywhere: true},
		{name: negotiation, run: (*call).negotiate, params: []param{{"enable", kindArray, true}}, anywhere: true},
		{name: "query-commands", run: (*call).queryCommands, anywhere: true},
		{name: "query-jobs", run: (*call).queryJobs, anywhere: true},
		{name: "query-name", run: func(*call) (any, error) { return empty{}, nil }, anywhere: true},
		{name: "query-replay", run: (*call).queryReplay},
		{name: "query-status", run: (*call).queryStatus},
		{name: "query-version", run: func(x *call) (any, error) { return x.version(), nil }, anywhere: true},
		{name: "quit", run: (*call).quit, anywhere: true},
		{name: "replay-break", run: (*call).replayBreak, params: icount},
		{name: "replay-delete-break", run: func(x *call) (any, error) { return empty{}, x.Monitor.DeleteBreak() }},
		{name: "replay-seek", run: (*call).replaySeek, params: icount},
		{name: "snapshot-delete", run: (*call).snapshotDelete, params: snapshot},
		{name: "snapshot-load", run: (*call).snapshotLoad, params: snapshot},
		{name: "snapshot-save", run: (*call).snapshotSave, params: snapshot},
		{name: "stop", run: (*call).stop},
		{name: "system_powerdown", run: press(machine.InputPower)},
		{name: "system_reset", run: press(machine.InputReset)},
	}
}

func (x *call) negotiate() (any, error) {
	var enable []json.RawMessage
	if raw, ok := x.args["enable"]; ok {
		json.Unmarshal(raw, &enable)
	}
	if len(enable) > 0 {
		return nil, generic("Capability %s is not available", enable[0])
	}
	x.ready = true
	x.remember(x.conn)
	return empty{}, nil
}

func (x *call) queryCommands() (any, error) {
	type named struct {
		Name string `json:"name"`
	}
	var list []named
	for _, c := range commands() {
		list = append(list, named{c.name})
	}
	return list, nil
}

func (x *call) queryStatus() (any, error) {
	state := x.Monitor.Control.State()
	return struct {
		Status     monitor.RunState `json:"status"`
		SingleStep bool             `json:"singlestep"`
		Running    bool             `json:"running"`
	}{state, false, state == monitor.StateRunning}, nil
}

func (x *call) queryReplay() (any, error) {
	m := x.Monitor
	mode := map[monitor.Mode]string{monitor.ModeLive: "none", monitor.ModeRecord: "record", monitor.ModeReplay: "play"}[m.Mode]
	return struct {
		ICount   uint64 `json:"icount"`
		Filename string `json:"filename,omitempty"`
		Mode     string `json:"mode"`
	}{m.ICount(), m.Path, mode}, nil
}

func (x *call) replayBreak() (any, error) {
	n, err := x.icount()
	if err == nil {
		err = x.Monitor.Break(n)
	}
	return empty{}, err
}

func (x *call) replaySeek() (any, error) {
	n, err := x.icount()
	if err == nil {
		err = x.Monitor.Seek(x.ctx, n)
	}
	return empty{}, err
}

func (x *call) stop() (any, error) { return empty{}, x.Monitor.Control.Stop() }

func (x *call) cont() (any, error) { return empty{}, x.Monitor.Control.Cont() }

func (x *call) quit() (any, error) {
	x.Monitor.Control.Quit()
	return empty{}, nil
}

func press(kind machine.InputKind) func(*call) (any, error) {
	return func(x *call) (any, error) { return empty{}, x.Monitor.Press(kind) }
}

// human runs a command of the human monitor. Its errors are text too.
func (x *call) human() (any, error) {
	var out bytes.Buffer
	x.Monitor.Run(x.ctx, x.text("command-line"), &out)
	return string(monitor.Lines(out.Bytes())), nil
}
