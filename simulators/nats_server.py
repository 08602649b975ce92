"""A real nats-server as a child process on a free loopback port: the far end of the NATS uplink, a hub or a leaf."""

from __future__ import annotations

from pathlib import Path

from simulators.server_process import ServerProcess, found


class NatsServer(ServerProcess):
    """One nats-server with JetStream on disk. It keeps its ports over stop, kill and start.

    ``extra``: further text of its configuration file. ``leaf_of``: the hub it dials; a leaf has no JetStream of its
    own, so that the hub's answers. ``with_leaf_port``: it is such a hub.
    """

    name = "nats-server"

    def __init__(
        self,
        directory: Path,
        *,
        leaf_of: NatsServer | None = None,
        with_leaf_port: bool = False,
        extra: str = "",
    ) -> None:
        super().__init__(directory)
        self._leaf_of = leaf_of
        self._with_leaf_port = with_leaf_port
        self._extra = extra
        self.leaf_port = 0

    def _command(self) -> list[str]:
        self.leaf_port = self.leaf_port or (self.free_port() if self._with_leaf_port else 0)
        lines = [f'listen: "{self.host}:{self.port}"', f'server_name: "edge-{self.port}"']
        if self._leaf_of is None:
            lines.append(f'jetstream {{ store_dir: "{self.directory / "jetstream"}" }}')
        else:
            lines.append(
                f'leafnodes {{ reconnect: 1, remotes: [{{ url: "nats://{self.host}:{self._leaf_of.leaf_port}" }}] }}'
            )
        if self.leaf_port:
            lines.append(f'leafnodes {{ listen: "{self.host}:{self.leaf_port}" }}')
        lines.append(self._extra)
        config = self.directory / "nats.conf"
        config.write_text("\n".join(lines) + "\n")
        return [found("nats-server", "nats-server"), "-c", str(config), "-l", str(self.log)]
