package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
)

// TestAgent runs the real light binary on an embedded NATS that lets in only
// the holders of its keys.
func TestAgent(t *testing.T) {
	binary := buildLight(t)
	for name, test := range map[string]func(*field){
		"a halt undoes and answers":            haltUndoes,
		"all halts until a resume":             allHalts,
		"a killed agent's reaper undoes":       killed,
		"a frozen agent is named":              frozen,
		"an agent ends in order":               endsInOrder,
		"an agent ends with its parent":        endsWithParent,
		"a second one is refused":              second,
		"the halt file halts and bars resume":  haltFile,
		"a halt without NATS works here":       natsAway,
		"a halt of one without NATS":           natsAwayOne,
		"keys say who may do what":             keys,
		"reports are records for the log":      reports,
		"targets are read again":               targetsAgain,
		"an agent waits for NATS":              waits,
		"an agent at rest is small":            small,
		"an order names what to stop, or asks": asks,
	} {
		t.Run(name, func(t *testing.T) { test(newField(t, binary)) })
	}
}

func haltUndoes(f *field) {
	f.agent()
	f.pause("e1")
	f.says(f.run(0, "halt", "e1", "--why", "enough"), "AGENT", "a      1       0       -")
	f.mended()
	reply, err := f.connect(halt.RoleController).Inject(f.t.Context(), "a", f.request("e1"))
	if err != nil || reply.State != halt.Gone {
		f.t.Errorf("a halted experiment came back: %+v, %v", reply, err)
	}
	f.pause("e2") // others go on
}

func allHalts(f *field) {
	f.agent()
	f.pause("e1")
	var out struct {
		Order   string
		Answers []halt.Answer
	}
	if err := json.Unmarshal([]byte(f.run(0, "halt", "--all", "-o", "json")), &out); err != nil {
		f.t.Fatal(err)
	}
	if len(out.Answers) != 1 || out.Answers[0].Undone != 1 || out.Answers[0].Latched != out.Order {
		f.t.Errorf("got %+v", out)
	}
	f.mended()
	reply, err := f.connect(halt.RoleController).Inject(f.t.Context(), "a", f.request("e2"))
	if err != nil || reply.State != halt.Refused {
		f.t.Errorf("got %+v, %v", reply, err)
	}
	f.says(f.run(4, "resume", "an-old-order"), "still halted: a", out.Order)
	f.says(f.run(0, "resume", out.Order), "resumed: a")
	f.says(f.run(0, "resume"), "nothing was halted")
	f.pause("e2")
	f.run(0, "halt", "--all")
	f.says(f.run(0, "resume"), "resumed: a") // finds the order by itself
}

func killed(f *field) {
	a := f.agent()
	f.pause("e1")
	before := time.Now()
	if err := a.cmd.Process.Kill(); err != nil {
		f.t.Fatal(err)
	}
	f.mended()
	f.t.Logf("SIGKILL of the agent to the target running: %s", time.Since(before))
	f.says(f.run(4, "halt", "--all", "--within", "1s"), "silent: a", "this host is halted by the file")
}

func frozen(f *field) {
	a := f.agent("--silence", "5m")
	f.pause("e1")
	if err := a.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		f.t.Fatal(err)
	}
	out := f.run(4, "halt", "--all", "--within", "1s")
	f.says(out, "silent: a", "silence is not a stop")
	f.mended() // by the command itself, or by the reaper, which obeys the file
	if a.cmd.ProcessState != nil {
		f.t.Error("it was killed")
	}
}

func endsInOrder(f *field) {
	a := f.agent()
	f.pause("e1")
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		f.t.Fatal(err)
	}
	if code, problems := f.ended(a); code != 0 {
		f.t.Errorf("exit code %d: %s", code, problems)
	}
	f.mended()
	roster, err := f.connect(halt.RoleOperator).Roster(f.t.Context())
	if err != nil || len(roster) != 0 {
		f.t.Errorf("it is still expected: %+v, %v", roster, err)
	}
	f.says(f.run(4, "halt", "--all", "--within", "1s"), "no agent answered")
}

func endsWithParent(f *field) {
	a := f.agent("--with-parent")
	f.pause("e1")
	if err := a.stdin.Close(); err != nil {
		f.t.Fatal(err)
	}
	if code, problems := f.ended(a); code != 0 {
		f.t.Errorf("exit code %d: %s", code, problems)
	}
	f.mended()
}

func second(f *field) {
	f.agent()
	code, problems := f.ended(f.launch("--name", "b"))
	if code != 2 {
		f.t.Errorf("exit code %d", code)
	}
	f.says(problems, "another agent has the ledger in "+f.home, "agent a, pid ", "another --home")
	code, problems = f.ended(f.launch("--home", f.t.TempDir(), "--config", f.config()))
	if code != 2 {
		f.t.Errorf("exit code %d", code)
	}
	f.says(problems, "another agent has this name", "another --name")
	f.pause("e1") // the first one goes on
	f.run(0, "halt", "--all")
}

// config has an agent with another home take the keys of this one.
func (f *field) config() string {
	path := filepath.Join(f.home, "faultline.yaml")
	text := "nats: {nkey: " + halt.KeyFile(filepath.Join(f.home, "nats"), halt.RoleAgent) + "}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func haltFile(f *field) {
	f.agent()
	f.pause("e1")
	file := filepath.Join(f.home, ledger.HaltFileName)
	if err := os.WriteFile(file, []byte("it burns"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.mended()
	f.says(f.run(2, "resume"), file, "it burns", "remove it first")
	if err := os.Remove(file); err != nil {
		f.t.Fatal(err)
	}
	f.until("it says that it is halted", func() bool { _, ok := f.ledger.Latched(); return ok })
	f.says(f.run(0, "resume"), "resumed: a")
	f.pause("e2")
}

func natsAway(f *field) {
	f.agent()
	f.pause("e1")
	if err := f.nats.Close(); err != nil {
		f.t.Fatal(err)
	}
	out := f.run(4, "halt", "--all", "--why", "it burns")
	f.says(out, "not every agent could be told", "touch $FAULTLINE_HOME/HALT", "faultline ledger undo", "this host is halted by the file "+f.home)
	f.mended()
	h, there := ledger.HaltFile(filepath.Join(f.home, ledger.HaltFileName))
	if !there || !strings.Contains(h.Why, "it burns") {
		f.t.Errorf("the file says %+v", h)
	}
	f.until("the agent is halted too", func() bool { _, ok := f.ledger.Latched(); return ok })
	f.says(f.run(0, "ledger", "list", "--tombstones"), "e1/s", "halt")
}

func natsAwayOne(f *field) {
	f.agent()
	f.pause("e1")
	if err := f.nats.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.run(4, "halt", "another", "--within", "300ms")
	if f.target.State() != process.Paused {
		f.t.Error("an experiment that nobody halted was undone")
	}
	f.run(4, "halt", "e1", "--within", "300ms")
	f.mended()
	if _, halted := f.ledger.Halted("e2"); halted {
		f.t.Error("everything is halted")
	}
}

func keys(f *field) {
	f.agent()
	f.pause("e1")
	short, stop := context.WithTimeout(f.t.Context(), 500*time.Millisecond)
	defer stop()
	if reply, err := f.connect(halt.RoleOperator).Inject(short, "a", f.request("e2")); err == nil {
		f.t.Errorf("an operator may inject: %+v", reply)
	}
	agent := f.connect(halt.RoleAgent)
	if out, err := agent.Stop(short, halt.Order{By: "an agent"}, []string{"a"}); err == nil && len(out.Answers) > 0 {
		f.t.Errorf("an agent may halt: %+v", out)
	}
	if f.target.State() != process.Paused {
		f.t.Error("an agent may halt")
	}
	f.run(0, "halt", "e1")
}

func reports(f *field) {
	c := f.connect(halt.RoleController)
	ctx, stop := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer stop()
	f.agent()
	f.pause("e1")
	var got halt.Entry
	if err := c.Take(ctx, func(e halt.Entry) { got = e; stop() }); err != nil {
		f.t.Fatal(err)
	}
	if got.Key != "e1" || got.Headers["ce_id"] != "e1/s/injected" || got.Headers["ce_subject"] != "e1" ||
		got.Headers["ce_specversion"] != "1.0" || !strings.HasPrefix(got.Headers["ce_type"], "io.faultline.") || !strings.Contains(string(got.Data), `"e1/s"`) {
		f.t.Errorf("got key %s, %v, %s", got.Key, got.Headers, got.Data)
	}
}

func targetsAgain(f *field) {
	text, err := os.ReadFile(f.platform())
	if err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.platform(), []byte(strings.Replace(string(text), "svc:", "other:", 1)), 0o600); err != nil {
		f.t.Fatal(err)
	}
	a := f.launch()
	if line := <-a.lines; line != "agent a is ready, targets: other" {
		f.t.Errorf("it says %q", line)
	}
	if err := os.WriteFile(f.platform(), text, 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.pause("e1")
	code, problems := f.ended(f.launch("--home", f.t.TempDir(), "--targets", "none.yaml"))
	if code != 2 {
		f.t.Errorf("exit code %d", code)
	}
	f.says(problems, "none.yaml", "--targets")
}

func waits(f *field) {
	first := f.agent()
	f.pause("e1")
	url := f.nats.URL()
	if err := f.nats.Close(); err != nil {
		f.t.Fatal(err)
	}
	if err := first.cmd.Process.Kill(); err != nil {
		f.t.Fatal(err)
	}
	f.ended(first)
	a := f.launch()
	f.mended()
	f.restart(strings.TrimPrefix(url, "nats://"))
	if line := <-a.lines; line != "agent a is ready, targets: svc" {
		f.t.Errorf("it says %q", line)
	}
	f.pause("e2")
	f.run(0, "halt", "--all")
}

func small(f *field) {
	a := f.agent()
	<-time.After(time.Second) // of its start nothing is measured
	seconds := 3
	_, before := figures(a.cmd.Process.Pid)
	<-time.After(time.Duration(seconds) * time.Second)
	rss, after := figures(a.cmd.Process.Pid)
	f.t.Logf("an agent at rest: %d KiB RSS, %.2f %% of a core over %d s", rss, float64(after-before)/float64(seconds), seconds)
	if rss == 0 || rss > 30<<10 {
		f.t.Errorf("it takes %d KiB, want at most 30 MiB", rss)
	}
}

func asks(f *field) {
	f.agent()
	f.says(f.run(2, "halt"), "name one experiment", "--all", "no fault is in place")
	f.pause("e1")
	f.says(f.run(2, "halt"), "faults are in place on this host of e1")
	f.says(f.run(2, "halt", "e1", "--all"), "name one experiment, or write --all")
	f.says(f.run(0, "ledger", "undo"), "e1/s: process.pause on svc is undone")
	f.mended()
}
