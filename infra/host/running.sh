# What runs on the host: the containers of each service, the socket they hand on, and the files of a release.

# The compose files are those that were sent last, in their own folder, so that relative paths in them mean the same as in a checkout.
compose() {
  local file files=()
  for file in ${COMPOSE:-docker/compose.yaml}; do files+=(-f "$file"); done
  REPASSE_VERSION="${tag:-$(current)}" docker compose --project-name "$project" "${files[@]}" "$@"
}

current() { cat current 2>/dev/null; }

# Containers of a service, the oldest first; one-off ones, such as a migration's, are none of it.
containers() {
  docker ps --quiet --no-trunc "${@:2}" --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$1" --filter 'label=com.docker.compose.oneoff=False' | tac
}

# Which services are replaced one beside the other: those that run the program. The others are left as they are.
rolling() { compose config --services 2>/dev/null | grep -xE 'app|worker' | sort; }

# Who has a socket, and so takes the name over.
has_socket() { [ "$1" = app ]; }

# Any container that runs the program: for questions to it.
anyone() {
  local service
  for service in app worker; do
    containers "$service" | tail -n 1 | grep . && return 0
  done
  return 1
}

label_of() { docker inspect --format "{{ index .Config.Labels \"$2\" }}" "$1" 2>/dev/null; }
release_of() { docker inspect --format '{{ .Config.Image }}' "$1" 2>/dev/null | sed 's/.*://'; }

# Runs a few lines of Node in a container, with the name of the socket nginx connects to.
in_node() {
  docker exec "$1" node -e "const fs = require('node:fs'), name = (process.env.LISTEN ?? '').replace(/^unix:/, ''); $2" "${@:3}" 2>/dev/null
}

# Which process's own socket has the name now.
holder() { in_node "$1" 'try { console.log(fs.readlinkSync(name)) } catch { console.log("") }'; }

# The socket of the process in this very container: the kernel lists those of its network alone.
own_socket() {
  in_node "$1" 'const { basename } = require("node:path")
    const own = fs.readFileSync("/proc/net/unix", "utf8").split("\n").map(line => line.trim().split(/\s+/))
      .filter(part => part[3] === "00010000" && part[7]?.startsWith(name + ".")).at(-1)
    if (own) console.log(basename(own[7]))'
}

# How a container stands: whether it runs, and what its own check found. Asked of the engine, for a process in the container each time
# would take from the one that is in use.
stands() { docker inspect --format '{{ .State.Running }} {{ with .State.Health }}{{ .Status }}{{ end }}' "$1" 2>/dev/null; }
found() { docker inspect --format '{{ with .State.Health }}{{ range .Log }}{{ .Output }}{{ end }}{{ end }}' "$1" 2>/dev/null | tail -n 1; }

# What /ready says there, for a person.
ready_says() {
  in_node "$1" 'const { dirname, join } = require("node:path")
    require("node:http").get({ socketPath: join(dirname(name), process.argv[1]), path: "/ready", timeout: 3000 }, answer => {
      answer.on("data", chunk => process.stdout.write(chunk))
    }).on("error", () => {})' "$2"
}

# Gives the name back to a process's own socket, in one step.
point_to() {
  in_node "$1" 'const link = name + "." + process.pid + ".link"
    fs.symlinkSync(process.argv[1], link)
    fs.renameSync(link, name)' "$2"
}

# The release's own files over those in use. What else is in the folder, such as its .env and secrets, is the host's.
install_files() {
  mkdir -p docker && cp -R "releases/$1/docker/." docker/ && keep_version "$1"
}

# So that a `docker compose` given by hand means the same release. Passwords may stand in that file too, so it is written for its owner alone.
keep_version() {
  (umask 077 && rm -f docker/.env.new && { grep -v '^REPASSE_VERSION=' docker/.env 2>/dev/null; printf 'REPASSE_VERSION=%s\n' "$1"; } >docker/.env.new) && mv docker/.env.new docker/.env
}
