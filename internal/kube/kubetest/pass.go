package kubetest

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// pass lets time pass: pods that were told to go are gone when they are due,
// controllers make what they lack, and what was made serves.
func (c *Cluster) pass() {
	for name, o := range c.state.Pods {
		uid := podOf(o).Meta.UID
		if end, told := c.state.Ends[uid]; told && !time.Now().Before(end) {
			delete(c.state.Pods, name)
			delete(c.state.Ends, uid)
		}
	}
	if c.Hold != "" {
		if _, err := os.Stat(c.Hold); err == nil {
			return
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.state.Pods)) {
		if p := podOf(c.state.Pods[name]); p.Status.Phase == "Pending" && p.Meta.Deleted == "" {
			serve(c.state.Pods[name])
		}
	}
	c.control()
}

// control has each controller make the pods that it lacks. Those of a
// StatefulSet keep their names.
func (c *Cluster) control() {
	for _, uid := range slices.Sorted(maps.Keys(c.state.Owners)) {
		o := c.state.Owners[uid]
		have := 0
		for _, pod := range c.state.Pods {
			p := podOf(pod)
			if by, _ := p.Controller(); by.UID == uid && (p.Meta.Deleted == "" || o.Kind == "StatefulSet") {
				have++
			}
		}
		for i := 0; have < o.Replicas; i++ {
			name := fmt.Sprintf("%s-%d", o.Name, i)
			if o.Kind != "StatefulSet" {
				name = fmt.Sprintf("%s-x%d", o.Name, c.state.UIDs+1)
			}
			if c.state.Pods[o.Namespace+"/"+name] != nil {
				continue
			}
			pod := plain(o.Template).(Object)
			pod["metadata"].(map[string]any)["name"] = name
			c.put(pod)
			have++
		}
	}
}

// end tells a pod to go; without a grace it is gone.
func (c *Cluster) end(name string, o Object, grace time.Duration) {
	meta := o["metadata"].(map[string]any)
	if grace == 0 {
		delete(c.state.Pods, name)
		return
	}
	uid := meta["uid"].(string)
	if _, told := c.state.Ends[uid]; !told {
		// As a process that ends when it is told to, if not at once.
		c.state.Ends[uid] = time.Now().Add(min(grace, Leaving))
	}
	meta["deletionTimestamp"] = time.Now().UTC().Format(time.RFC3339)
}

// Leaving is how long a pod takes to end that has the grace for it.
const Leaving = 20 * time.Millisecond
