// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import "slices"

// job is a piece of work that QEMU does in the background. Here it is over when its
// command is answered; clients wait for its end all the same, ask how it went, and
// dismiss it.
type job struct {
	Progress int    `json:"current-progress"`
	Status   string `json:"status"`
	Total    int    `json:"total-progress"`
	Type     string `json:"type"`
	ID       string `json:"id"`
	Error    string `json:"error,omitempty"`
}

// maxJobs bounds the jobs that nobody has dismissed; past it the oldest goes.
const maxJobs = 256

func (x *call) snapshotSave() (any, error) {
	return x.work("snapshot-save", func() error { return x.Monitor.Session.SaveSnapshot(x.text("tag")) })
}

func (x *call) snapshotLoad() (any, error) {
	return x.work("snapshot-load", func() error { return x.Monitor.Load(x.ctx, x.text("tag")) })
}

func (x *call) snapshotDelete() (any, error) {
	return x.work("snapshot-delete", func() error { return x.Monitor.Delete(x.text("tag")) })
}

// work does a job. Its failure is the job's and not the command's.
func (x *call) work(kind string, f func() error) (any, error) {
	j := job{Progress: 1, Total: 1, Status: "concluded", Type: kind, ID: x.text("job-id")}
	if !jobID(j.ID) {
		return nil, generic("Invalid job ID '%s'", j.ID)
	}
	if x.hasJob(j.ID) {
		return nil, generic("Job ID '%s' already in use", j.ID)
	}
	x.status(j.ID, "created")
	x.status(j.ID, "running")
	steps := []string{"waiting", "pending", "concluded"}
	if err := f(); err != nil {
		j.Error = err.Error()
		steps = []string{"aborting", "concluded"}
	}
	x.addJob(j)
	x.after = append(x.after, func() {
		for _, s := range steps {
			x.status(j.ID, s)
		}
	})
	return empty{}, nil
}

// status tells of a job's change.
func (s *Server) status(id, status string) {
	s.Emit("JOB_STATUS_CHANGE", struct {
		Status string `json:"status"`
		ID     string `json:"id"`
	}{status, id})
}

// jobID reports whether an ID is well formed: a letter, then letters, digits, '-',
// '.' and '_'.
func jobID(id string) bool {
	for i, b := range []byte(id) {
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		if !letter && (i == 0 || (b < '0' || b > '9') && b != '-' && b != '.' && b != '_') {
			return false
		}
	}
	return id != ""
}

func (s *Server) hasJob(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.jobs, func(j job) bool { return j.ID == id })
}

func (s *Server) addJob(j job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) == maxJobs {
		s.jobs = slices.Delete(s.jobs, 0, 1)
	}
	s.jobs = append(s.jobs, j)
}

// queryJobs lists the latest first, as QEMU does.
func (x *call) queryJobs() (any, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := append([]job{}, x.jobs...)
	slices.Reverse(list)
	return list, nil
}

func (x *call) dismiss() (any, error) {
	id := x.text("id")
	x.mu.Lock()
	before := len(x.jobs)
	x.jobs = slices.DeleteFunc(x.jobs, func(j job) bool { return j.ID == id })
	found := len(x.jobs) < before
	x.mu.Unlock()
	if !found {
		return nil, generic("Job not found")
	}
	x.status(id, "null")
	return empty{}, nil
}
