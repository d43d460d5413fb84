package pod

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/ending"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/internal/kube"
	"github.com/k2-platform/faultline/internal/process"
)

// What a receipt holds of a pod that is ended.
const (
	undoHow      = "how"
	undoGrace    = "grace"
	undoMark     = "mark"
	undoOwner    = "owner"    // the controller, as JSON
	undoServed   = "served"   // how many of its pods did when planned, or of one alone 0 or 1
	undoManifest = "manifest" // of a pod that no controller makes again
	undoPolicy   = "restart_policy"
)

// How a pod is ended.
const (
	byDelete = "delete"
	bySignal = "signal" // to a container's first process
)

// ended is what a receipt says of a pod that is ended, by its uid.
type ended struct {
	*kube.Client

	namespace, name, uid string

	how       string
	grace     time.Duration
	container container      // bySignal
	process   process.Record // bySignal
	policy    string
	owner     *kube.Owner
	served    int
	manifest  json.RawMessage
	health    running.Health
	mark      ending.Mark
}

// String names it to people.
func (e ended) String() string { return e.namespace + "/" + e.name }

func endedOf(r faults.Receipt) (ended, error) {
	e := ended{
		namespace: r.Undo[undoNamespace], name: r.Undo[undoPod], uid: r.Undo[undoUID], how: r.Undo[undoHow], policy: r.Undo[undoPolicy],
		container: container{r.Undo[undoContainer], r.Undo[undoID]}, manifest: json.RawMessage(r.Undo[undoManifest]),
		health: running.NotedHealth(r), mark: ending.Mark(r.Undo[undoMark]),
	}
	if e.namespace == "" || e.name == "" || e.uid == "" || e.how != byDelete && e.how != bySignal {
		return e, fmt.Errorf("receipt %q names no pod by its uid, or not how it is ended", r.ID)
	}
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("reading receipt %q: %w", r.ID, err))
		}
	}
	var err error
	e.served, err = strconv.Atoi(r.Undo[undoServed])
	note(err)
	if e.how == bySignal {
		e.process, err = inside.Target(r)
		note(err)
	} else {
		e.grace, err = time.ParseDuration(r.Undo[undoGrace])
		note(err)
	}
	if owner := r.Undo[undoOwner]; owner != "" {
		e.owner = &kube.Owner{}
		note(json.Unmarshal([]byte(owner), e.owner))
	}
	e.Client, err = kube.Open(kube.Access{
		Server: r.Undo[undoServer], Account: r.Undo[undoAccount], Kubeconfig: r.Undo[undoKubeconfig], Context: r.Undo[undoContext],
	})
	note(err)
	return e, errors.Join(problems...)
}

// now is the pod that was planned for; there is false where it is gone, or
// told to go.
func (e ended) now(ctx context.Context) (p kube.Pod, there bool, err error) {
	p, err = e.Pod(ctx, e.namespace, e.name)
	if errors.Is(err, kube.ErrNotFound) {
		return kube.Pod{}, false, nil
	}
	return p, err == nil && p.Meta.UID == e.uid && p.Meta.Deleted == "", err
}

// look is the presence of the fault. What was never told to end is not broken
// by it, however it is.
func (e ended) look(ctx context.Context) (faults.Presence, error) {
	p, there, err := e.now(ctx)
	if err != nil {
		return faults.Unseen, err
	}
	told, err := e.mark.Told()
	switch {
	case err != nil:
		return faults.Unseen, err
	case !told:
		return faults.Absent, nil
	case there && e.how == byDelete:
		return faults.Absent, nil
	case there:
		return e.lookInside(p)
	case e.owner != nil:
		return e.lookAround(ctx)
	case e.how == bySignal:
		return faults.Absent, nil // somebody else removed it, and brings it back or does not
	case p.Meta.UID == e.uid:
		return faults.Unseen, nil // it is on its way out, and still there
	case p.Ready() || e.served == 0 && p.Status.Phase == "Running":
		return faults.Absent, nil
	}
	return faults.Present, nil
}

// lookInside is the presence in a pod that is there: its container is not
// ready again.
func (e ended) lookInside(p kube.Pod) (faults.Presence, error) {
	s, err := e.process.Look()
	switch {
	case err != nil:
		return faults.Unseen, err
	case s != process.Gone:
		return faults.Absent, nil
	}
	status := statusOf(p, e.container.name)
	if idIn(p, e.container.name) == e.container.id || status.State.Running == nil || e.served > 0 && !status.Ready {
		return faults.Present, nil // as the node last said
	}
	return faults.Absent, nil
}

// lookAround is the presence where the pod is gone: its controller has fewer
// that serve than before. It need not have more than it is to have now.
func (e ended) lookAround(ctx context.Context) (faults.Presence, error) {
	wanted, err := e.Wanted(ctx, e.namespace, *e.owner)
	if errors.Is(err, kube.ErrNotFound) {
		return faults.Absent, nil // nobody is to make it again
	}
	n := 0
	if err == nil {
		n, err = serving(ctx, e.Client, e.namespace, *e.owner)
	}
	switch {
	case err != nil:
		return faults.Unseen, err
	case n >= min(e.served, wanted):
		return faults.Absent, nil
	}
	return faults.Present, nil
}

// serving is how many pods of a controller do.
func serving(ctx context.Context, c *kube.Client, namespace string, o kube.Owner) (int, error) {
	all, err := c.Pods(ctx, namespace, "")
	n := 0
	for _, p := range all {
		if by, has := p.Controller(); has && by.UID == o.UID && p.Ready() {
			n++
		}
	}
	return n, err
}

// idIn is a container's id; "" where the cluster says none.
func idIn(p kube.Pod, name string) string {
	_, id, _ := strings.Cut(statusOf(p, name).ID, "://")
	return id
}
