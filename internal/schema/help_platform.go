package schema

import "github.com/k2-platform/faultline/spec"

func platformHelp() map[string]entry {
	return map[string]entry{
		"spec.Platform": {"The system under experiment: what can be broken and what can be measured. Whoever runs the system writes it, not the author of an experiment.", fields{
			"faultline_platform": {"Version of this format. Write v1.", ""},
			"name":               {"What the system is called.", ""},
			"environment":        {"What kind of system it is. Experiments must name the same.", ""},
			"kafka":              {"Brokers of the system under experiment, as host:port.", ""},
			"targets":            {"What can be broken, by name.", ""},
			"services":           {"How each service says that it is well, by the service's name.", ""},
			"probes":             {"HTTP calls made again and again, by name.", ""},
			"metrics":            {"What can be measured, by the name that rules use: lower-case letters, digits and underscores.", ""},
			"books":              {"Flows whose records can be counted one by one, by name.", ""},
		}},
		"spec.Target": {"Something that can be broken. Write what kind of thing it is, exactly one of process, container, network, topic, registry, table, kafka_proxy, link, cluster and directory; or members; or health alone for what is only watched.", fields{
			"title":     {"What it is, in words.", ""},
			"members":   {"Targets that this group stands for.", ""},
			"process":   {"A process: how it is found and started again.", ""},
			"container": {"A container.", ""},
			"network":   {"The traffic of a service.", ""},
			"topic":     {"A Kafka topic.", ""},
			"registry":  {"A schema registry, or one subject in it.", ""},
			"table":     {"A table of the lake's catalog.", ""},
			"health":    {"How it says that it is well.", ""},

			"kafka_proxy": {"A fault proxy between Kafka's clients and brokers.", ""},
			"link":        {"What one thing says to another through a link proxy.", ""},
			"cluster":     {"A Kafka cluster.", ""},
			"directory":   {"A folder, and the room that its filesystem has.", ""},
		}},
		"spec.Link": {"One link of a link proxy, as faultline link-proxy runs one: what one thing says to another through it.", fields{
			"control":    {"Where the proxy takes its faults on this machine: unix:///path of its socket, or http://127.0.0.1:port.", ""},
			"token_file": {"File with the token that it asks for over http: http.token in its state folder. A socket asks for none.", ""},
			"name":       {"What the proxy calls the link: name of its --link.", ""},
			"from":       {"Target that connects.", ""},
			"to":         {"Target that it connects to.", ""},
		}},
		"spec.Cluster": {"A Kafka cluster: what its brokers agree on, such as the quotas of its clients.", fields{
			"brokers": {"Brokers of it, as host:port. Absent means the platform's kafka.", ""},
		}},
		"spec.Directory": {"A folder that a service keeps files in, and so the room that its filesystem has.", fields{
			"path":  {"Path of it from the root, as the agent on its machine sees it.", ""},
			"owner": {"Target that keeps its files there.", ""},
		}},
		"spec.KafkaProxy": {"A fault proxy between Kafka's clients and brokers, as faultline kafka-proxy runs one.", fields{
			"control":    {"Where it takes its faults on this machine: unix:///path of its socket, or http://127.0.0.1:port.", ""},
			"token_file": {"File with the token that it asks for over http: http.token in its state folder. A socket asks for none.", ""},
		}},
		"spec.Container": {"One container of an engine that speaks Docker's API.", fields{
			"engine": {"URL of the engine's API. Absent means " + spec.DefaultEngine + ".", ""},
			"name":   {"Name or id of the container.", ""},
		}},
		"spec.Network": {"The traffic of a service: what its ports take in one network namespace. Write ports, or one of namespace and container, or both.", fields{
			"namespace": {"Path of the network namespace, such as /run/netns/kafka. Absent means that of the container, or of the host.", ""},
			"container": {"The container whose network namespace it is.", ""},
			"sources":   {"Only traffic with these peers: addresses, such as 10.0.0.7, or networks, such as 10.0.0.0/8. Absent means all.", ""},
			"ports":     {"TCP ports that the service listens on. Absent means all of the namespace.", ""},
		}},
		"spec.Topic": {"One Kafka topic.", fields{
			"brokers": {"Brokers that have it, as host:port. Absent means the platform's kafka.", ""},
			"name":    {"Name of the topic.", ""},
		}},
		"spec.Registry": {"A Confluent-compatible schema registry, or one subject in it.", fields{
			"url":     {"Address of its API, http or https.", ""},
			"subject": {"Subject, such as trades-value. Absent means the whole registry.", ""},
			"lower":   {"Whose compatibility level a fault lowers that does not say it: subject, or global where a subject's cannot be NONE.", "subject"},
		}},
		"spec.Table": {"One table of the lake's catalog.", fields{
			"namespace": {"Namespace of the table, with dots between its levels.", ""},
			"name":      {"Name of the table.", ""},
			"catalog":   {"Where its pointer and files are. Absent means the pipeline's own lake.", ""},
		}},
		"spec.Catalog": {"The catalog of a table, as an agent on this machine reaches it.", fields{
			"kind":       {"What kind of catalog it is; hadoop is a folder of files without a server.", ""},
			"name":       {"Name of the catalog as a SQL catalog stores it. Absent means faultline.", ""},
			"uri":        {"Absolute path of the SQLite file (sql), or URL (rest).", ""},
			"warehouse":  {"Absolute path, file:///path or s3://bucket/prefix. A REST catalog may do without, or take a name that its server knows.", ""},
			"token_file": {"File with the bearer token of a REST catalog. Absent means that it asks for none.", ""},
			"store":      {"The object store that has the files. Absent means AWS's own in us-east-1.", ""},
		}},
		"spec.ObjectStore": {"A store that speaks S3, asked path-style.", fields{
			"endpoint":         {"URL of the store, without a path. Absent means that of AWS in the region.", ""},
			"region":           {"Region that requests are signed for. Absent means us-east-1.", ""},
			"credentials_file": {"File as AWS's own tools keep it, of which the profile default is taken. Absent means AWS_ACCESS_KEY_ID and its like of the environment; without these requests are not signed.", ""},
		}},
		"spec.Process": {"How a target's process is found and started again: by the record that the service writes, by pid_file with command, by match, or by unit.", fields{
			"record":   {"Path of the process record that the service writes itself.", ""},
			"pid_file": {"Path of a file that holds the process id, for programs that write no record.", ""},
			"match":    {"Regular expression that the command line of this process matches, and of no other.", ""},
			"unit":     {"Service of systemd whose main process it is; systemd stops and starts it.", ""},
			"command":  {"Command that starts the process again, word by word.", ""},
			"env":      {"Environment of that command, as NAME=value.", ""},
			"dir":      {"Working directory of that command.", ""},
			"log":      {"File that takes the output of that command.", ""},
		}},
		"spec.Health": {"How a service says that it is well. Write one of http, tcp and kafka.", fields{
			"http":  {"URL that answers 200 when the service is well.", ""},
			"tcp":   {"host:port that takes connections when the service is well.", ""},
			"kafka": {"host:port of a broker that answers when it is well; of several, with commas between: each must answer.", ""},
			"needs": {"Target that the answer depends on.", ""},
		}},
		"spec.Probe": {"An HTTP call made again and again, as a client of the system would make it.", fields{
			"url":       {"What is called.", ""},
			"post":      {"JSON that is sent with POST. Absent means GET. It is sent once for each reading, and does what it does each time.", ""},
			"headers":   {"Headers that are sent with each call, with their values.", ""},
			"timeout":   {"How long an answer may take. Absent means 5s.", ""},
			"status":    {"Status that is expected. Absent means 200.", ""},
			"contains":  {"Text that the body must contain.", ""},
			"age_field": {"Path in the JSON body to the RFC 3339 time of the newest data, such as data.0.timestamp. Needed for data_age.", ""},
			"window":    {"Stretch of time that the measures look back on. Absent means 10s.", ""},
			"answers":   {"Kinds of answers that can be counted, by name.", ""},
		}},
		"spec.Answer": {"A kind of answer to a probe: it has all that is written.", fields{
			"status":   {"Its status.", ""},
			"header":   {"Its headers, with their values.", ""},
			"contains": {"Text that its body contains.", ""},
			"fields":   {"Paths in its JSON body, such as meta.age_seconds: each is there, and not null.", ""},
		}},
		"spec.Metric": {"Where one number comes from, in which unit, and which target must be there to give it. Write exactly one source.", fields{
			"unit":    {"Unit of the number, such as s, records or share.", ""},
			"needs":   {"Target without which there is no reading.", ""},
			"scrape":  {"Source: one series of a Prometheus text page.", ""},
			"probe":   {"Source: one measure of a probe.", ""},
			"promql":  {"Source: a query to a Prometheus server.", ""},
			"process": {"Source: a process.", ""},
			"kafka":   {"Source: the system's Kafka.", ""},
			"table":   {"Source: an Iceberg table.", ""},
		}},
		"spec.ScrapeSource": {"One series of a Prometheus text page.", fields{
			"url":    {"Address of the page.", ""},
			"series": {"Name of the series, with labels where it needs them.", ""},
			"rate":   {"true: the increase per second instead of the value.", ""},
			"window": {"Stretch of time that the rate looks back on.", ""},
		}},
		"spec.ProbeSource": {"One measure of a probe.", fields{
			"name":    {"Name of the probe.", ""},
			"measure": {"What is taken of it.", ""},
			"answer":  {"Kind of answer, of the probe's, whose share among all calls is taken. For share.", ""},
		}},
		"spec.PromQLSource": {"A query to a Prometheus server. The answer must be one number.", fields{
			"url":   {"Address of the server.", ""},
			"query": {"PromQL query.", ""},
		}},
		"spec.ProcessSource": {"What a process uses.", fields{
			"record":  {"Path of the process record that the service writes.", ""},
			"measure": {"What is taken of it.", ""},
		}},
		"spec.KafkaSource": {"A number about the system's Kafka.", fields{
			"brokers": {"Brokers, as host:port.", ""},
			"measure": {"What is taken of it.", ""},
			"group":   {"Consumer group, for lag.", ""},
			"topics":  {"Topics that are looked at.", ""},
		}},
		"spec.TableSource": {"A number about an Iceberg table.", fields{
			"namespace": {"Namespace of the table.", ""},
			"name":      {"Name of the table.", ""},
			"measure":   {"What is taken of it.", ""},
		}},
		"spec.Books": {"Where the records of a flow can be counted one by one.", fields{
			"receipts":     {"URL of the service that keeps a receipt of each record it took.", ""},
			"brokers":      {"Brokers of the topic, as host:port.", ""},
			"topic":        {"Topic that carries the records.", ""},
			"dead_letters": {"Topic of the records that could not be stored.", ""},
			"namespace":    {"Namespace of the table.", ""},
			"table":        {"Table that the records end in.", ""},
			"key":          {"Column that tells one record from another.", ""},
			"compare":      {"Columns that a row must have as the receipt says that they were sent.", ""},
		}},
	}
}
