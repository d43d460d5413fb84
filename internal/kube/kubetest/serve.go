package kubetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/internal/kube"
)

// ServeHTTP implements http.Handler.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if odd := c.odd[r.Method+" "+r.URL.Path]; odd != (Answer{}) {
		w.WriteHeader(odd.Status)
		_, _ = w.Write([]byte(odd.Body))
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+Token && len(r.TLS.PeerCertificates) == 0 {
		refuse(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	c.pass()
	mux := http.NewServeMux()
	const pods = "/api/v1/namespaces/{ns}/pods"
	mux.HandleFunc("GET "+pods, c.may("list pods", c.list))
	mux.HandleFunc("POST "+pods, c.may("create pods", c.create))
	mux.HandleFunc("GET "+pods+"/{name}", c.may("get pods", func(w http.ResponseWriter, _ *http.Request, o Object) { answer(w, http.StatusOK, o) }))
	mux.HandleFunc("DELETE "+pods+"/{name}", c.may("delete pods", c.remove))
	mux.HandleFunc("GET /api/v1/namespaces/{ns}/replicationcontrollers/{name}", c.owner)
	mux.HandleFunc("GET /apis/apps/v1/namespaces/{ns}/{kind}/{name}", c.owner)
	mux.HandleFunc("GET /api/v1/nodes/{name}", c.may("get nodes", c.node))
	mux.HandleFunc("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", c.review)
	mux.ServeHTTP(w, r)
	if err := c.keep(); err != nil {
		panic(err)
	}
}

// may finds the pod that a request names, if it names one, for an account that
// has the right.
func (c *Cluster) may(right string, do func(http.ResponseWriter, *http.Request, Object)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.forbidden[right] {
			refuse(w, http.StatusForbidden, fmt.Sprintf("User \"agent\" cannot %s", right))
			return
		}
		var o Object
		if name := r.PathValue("name"); strings.HasSuffix(right, " pods") && name != "" {
			if o = c.state.Pods[r.PathValue("ns")+"/"+name]; o == nil {
				refuse(w, http.StatusNotFound, fmt.Sprintf("pods %q not found", name))
				return
			}
		}
		do(w, r, o)
	}
}

// list gives pods one by one: the next page is asked for by the last name.
func (c *Cluster) list(w http.ResponseWriter, r *http.Request, _ Object) {
	after, selector := r.URL.Query().Get("continue"), r.URL.Query().Get("labelSelector")
	items, next := []Object{}, ""
	for _, name := range slices.Sorted(maps.Keys(c.state.Pods)) {
		o := c.state.Pods[name]
		if p := podOf(o); name <= after || p.Meta.Namespace != r.PathValue("ns") || !fits(p, selector) {
			continue
		}
		if len(items) == 1 {
			next = after
			break
		}
		items, after = append(items, o), name
	}
	answer(w, http.StatusOK, Object{"metadata": Object{"continue": next}, "items": items})
}

func (c *Cluster) create(w http.ResponseWriter, r *http.Request, _ Object) {
	var o Object
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil || o["kind"] != "Pod" {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("that is no pod: %v", err))
		return
	}
	meta := o["metadata"].(map[string]any)
	for _, set := range []string{"uid", "resourceVersion"} {
		if meta[set] != nil {
			refuse(w, http.StatusBadRequest, set+" should not be set on objects to be created")
			return
		}
	}
	name := r.PathValue("ns") + "/" + fmt.Sprint(meta["name"])
	if c.state.Pods[name] != nil {
		refuse(w, http.StatusConflict, fmt.Sprintf("pods %q already exists", name))
		return
	}
	c.put(o)
	answer(w, http.StatusCreated, o)
}

func (c *Cluster) remove(w http.ResponseWriter, r *http.Request, o Object) {
	var in struct {
		Grace         int64 `json:"gracePeriodSeconds"`
		Preconditions struct {
			UID string `json:"uid"`
		} `json:"preconditions"`
	}
	p := podOf(o)
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case err != nil:
		refuse(w, http.StatusBadRequest, err.Error())
	case in.Preconditions.UID != p.Meta.UID:
		refuse(w, http.StatusConflict, fmt.Sprintf("the UID in the precondition (%s) does not match the UID in record (%s)", in.Preconditions.UID, p.Meta.UID))
	default:
		c.end(p.Meta.Namespace+"/"+p.Meta.Name, o, time.Duration(in.Grace)*time.Second)
		answer(w, http.StatusOK, o)
	}
}

func (c *Cluster) owner(w http.ResponseWriter, r *http.Request) {
	kind, name := cmp.Or(r.PathValue("kind"), "replicationcontrollers"), r.PathValue("name")
	if c.forbidden["get "+kind] {
		refuse(w, http.StatusForbidden, "User \"agent\" cannot get "+kind)
		return
	}
	for _, o := range c.state.Owners {
		if o.Namespace == r.PathValue("ns") && o.Name == name && strings.ToLower(o.Kind)+"s" == kind {
			answer(w, http.StatusOK, Object{
				"metadata": Object{"name": name, "uid": o.UID}, "spec": Object{"replicas": o.Replicas}, "status": Object{"desiredNumberScheduled": o.Replicas},
			})
			return
		}
	}
	refuse(w, http.StatusNotFound, kind+" "+strconv.Quote(name)+" not found")
}

func (c *Cluster) node(w http.ResponseWriter, r *http.Request, _ Object) {
	boot, is := c.state.Nodes[r.PathValue("name")]
	if !is {
		refuse(w, http.StatusNotFound, "no such node")
		return
	}
	answer(w, http.StatusOK, Object{"status": Object{"nodeInfo": Object{"bootID": boot}}})
}

func (c *Cluster) review(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Spec struct {
			Attributes kube.Right `json:"resourceAttributes"`
		} `json:"spec"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	c.asked[in.Spec.Attributes] = true
	allowed := !c.forbidden[in.Spec.Attributes.Verb+" "+in.Spec.Attributes.Resource]
	answer(w, http.StatusCreated, Object{"status": Object{"allowed": allowed}})
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, Object{"kind": "Status", "status": "Failure", "code": status, "message": message})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
