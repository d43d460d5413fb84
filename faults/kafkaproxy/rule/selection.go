package rule

import (
	"errors"
	"fmt"
	"path"
	"strconv"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/often"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/spec"
)

// ways says how a document writes the direction. The zero value does not let
// it: the fault goes its own way.
type ways struct {
	words     []string
	otherwise string
	only      map[string]string // why one of the two ways is refused, by its word
}

func ofFrames() ways { return ways{words: []string{"both", "request", "response"}, otherwise: "both"} }

func ofRecords(otherwise string, only map[string]string) ways {
	return ways{words: []string{"", "produce", "fetch"}, otherwise: otherwise, only: only}
}

func (w ways) parse(text string) (Direction, error) {
	if why := w.only[text]; why != "" {
		return Both, errors.New(why)
	}
	for i, word := range w.words {
		if word == text && word != "" {
			return Direction(i), nil
		}
	}
	return Both, fmt.Errorf("%q: write one of %s", text, sentence(w.words))
}

// selection are the parameters that say what the fault meets, and how often.
func (k kind) selection() []faults.Parameter {
	out := []faults.Parameter{
		params.New("topic", "topics that it meets, by comma; a pattern such as trades.* takes several", "", params.List(pattern)),
		params.New("partition", "numbers of partitions, by comma", "", params.List(number)),
		params.New("client_id", "client ids, by comma; patterns", "", params.List(pattern)),
		params.New("group", "consumer groups whose members it meets, by comma; patterns", "", params.List(pattern)),
		params.New("api", "requests that it meets by their names, such as Produce, by comma", k.api, params.List(k.apiKey)),
		params.New("broker", "node ids of brokers, by comma", "", params.List(number)),
	}
	out = append(out, often.Parameters()...)
	if len(k.ways.words) > 0 {
		out = append(out, params.New("direction", "which way: "+sentence(k.ways.words), k.ways.otherwise, k.ways.parse))
	}
	return out
}

func (k kind) where(v params.Values) Where {
	w := Where{
		Topics:     params.Read(v, "topic", params.List(pattern)),
		Partitions: params.Read(v, "partition", params.List(number)),
		Clients:    params.Read(v, "client_id", params.List(pattern)),
		Groups:     params.Read(v, "group", params.List(pattern)),
		APIs:       params.Read(v, "api", params.List(k.apiKey)),
		Brokers:    params.Read(v, "broker", params.List(number)),
		Direction:  params.Read(v, "direction", k.ways.parse),
	}
	if len(w.APIs) == 0 {
		w.APIs = k.apis
		if w.Deep() && k.apis != nil {
			w.APIs = topical(k.apis)
		}
	}
	return w
}

// pattern is a name, or one of path.Match.
func pattern(text string) (string, error) {
	if text == "" {
		return "", errors.New("a name is empty: write it, or leave the parameter out to meet all")
	}
	if _, err := path.Match(text, ""); err != nil {
		return "", fmt.Errorf("pattern %q: write a name, or * and ? for any letters, [ab] for one of them", text)
	}
	return text, nil
}

func number(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q: write a whole number from 0 on", text)
	}
	return int32(n), nil
}

func sentence(words []string) string {
	var out string
	for _, w := range words {
		switch {
		case w == "":
		case out == "":
			out = w
		default:
			out += ", " + w
		}
	}
	return out
}

// apiKey finds a request by its name, in whichever case, and refuses one that
// the fault cannot meet.
func (k kind) apiKey(text string) (int16, error) {
	key, ok := apiOf(text)
	if !ok {
		return 0, fmt.Errorf("no request of Kafka is called %q: %s", text, spec.DidYouMean(text, apiNames(k.apis)))
	}
	if k.apis != nil && !contains(k.apis, key) {
		return 0, fmt.Errorf("it means nothing to %s: write some of %s", text, sentence(apiNames(k.apis)))
	}
	return key, nil
}

// apiFits refuses a topic or a partition for requests that carry none.
func (k kind) apiFits(w Where) error {
	if !w.Deep() || len(w.APIs) == 0 || len(topical(w.APIs)) > 0 {
		return nil
	}
	return fmt.Errorf("%s carries no topic: leave out topic and partition, or write another api", sentence(apiNames(w.APIs)))
}
