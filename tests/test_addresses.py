"""Tables elsewhere: nobody is asked for one unless the model says so; and pipes are not opened."""

import gzip
import http.server
import os
import socket
import threading
import time

import pyogrio
import pytest
from drafts import Draft, as_frame, as_geojson, write_csv

from siting.api import check, read_world
from siting.errors import InputError
from siting.model import read_model
from siting.world import addresses
from siting.world.addresses import is_address, offline


class Server(http.server.ThreadingHTTPServer):
    """Answers with files, and remembers what it was asked for."""

    def __init__(self):
        self.asked = []
        self.files = {}
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def at(self):
        return f"127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        held = self.server.files.get(self.path.partition("?")[0])
        self.send_response(200 if held is not None else 404)
        self.send_header("Content-Length", str(len(held or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(held or b"")

    do_HEAD = do_GET  # noqa: N815 -- the name that the library asks for

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(addresses, "_fetched", {})
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def table_of(draft, tmp_path):
    write_csv(tmp_path / "held.csv", draft.sites)
    return (tmp_path / "held.csv").read_bytes()


def problems(folder):
    with pytest.raises(InputError) as caught:
        check(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://{at}/sites.csv",
        "HTTP://{at}/sites.csv",
        " http://{at}/sites.csv",
        "http:/{at}/sites.csv",
        "ftp://{at}/sites.csv",
        "s3://bucket/sites.csv",
        "/vsicurl/http://{at}/sites.csv",
        "/vsicurl?url=http://{at}/sites.csv",
        "/vsizip//vsicurl/http://{at}/sites.zip",
        "zip+http://{at}/sites.csv",
    ],
)
@pytest.mark.parametrize("key", ["sites", "add_sites"])
def test_an_address_is_refused_and_nobody_is_asked(address, key, server, tmp_path):
    draft = Draft()
    server.files["/sites.csv"] = table_of(draft, tmp_path)
    name = address.format(at=server.at)
    draft.ask("world", **{key: name})
    said = problems(draft.write(tmp_path / "draft"))
    assert "world.fetch_addresses = true" in said
    assert "nothing is fetched" in said
    assert server.asked == []


def test_an_address_is_fetched_once_where_the_model_says_so(server, tmp_path):
    draft = Draft()
    there = read_world(read_model(draft.write(tmp_path / "there")))
    server.files["/a/sites.csv"] = table_of(draft, tmp_path)
    name = f"http://{server.at}/a/sites.csv?version=2"
    draft.ask("world", sites=name, fetch_addresses=True)
    folder = draft.write(tmp_path / "elsewhere")
    world = read_world(read_model(folder))
    check(folder)
    assert list(world.sites["id"]) == list(there.sites["id"])
    assert server.asked == ["/a/sites.csv?version=2"]
    told = [notice for notice in world.notices if notice.where == name]
    assert len(told) == 1
    assert f"{len(server.files['/a/sites.csv']):,} bytes with the SHA-256" in told[0].what
    assert world.sha256 == there.sha256


def test_a_packed_table_is_fetched_as_what_its_name_says(server, tmp_path):
    draft = Draft()
    server.files["/zones.geojson.gz"] = gzip.compress(as_geojson(draft.zones).encode())
    draft.ask("world", zones=f"http://{server.at}/zones.geojson.gz", fetch_addresses=True)
    assert len(read_world(read_model(draft.write(tmp_path / "draft"))).zones) == 4


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://{at}/missing.csv", "cannot be fetched: 404"),
        ("http://{at}/", "does not end in the name of a file"),
        ("http://{at}/export?format=csv", "does not end in the name of a file"),
        ("s3://bucket/sites.csv", "of a kind that is not fetched, which are https, http, ftp"),
        ("/vsicurl/http://{at}/sites.csv", "of a kind that is not fetched"),
        ("file:///etc/hosts.csv", "of a kind that is not fetched"),
        ("http://127.0.0.1:1/sites.csv", "cannot be fetched: [Errno"),
        ("http://{at}/page.csv", "is a web page instead of sites"),
    ],
)
def test_what_cannot_be_fetched_is_said(address, says, server, tmp_path):
    draft = Draft()
    server.files["/page.csv"] = b"<!doctype html><p>Log in</p>"
    draft.ask("world", sites=address.format(at=server.at), fetch_addresses=True)
    assert says in problems(draft.write(tmp_path / "draft"))


# --- Files that name an address -------------------------------------------------------------


def virtual(at, inside="/vsicurl/http://{at}/held.geojson"):
    source = inside.format(at=at)
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="held"><SrcDataSource>{source}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )


def linked(at, rows, kind="link", key="href"):
    crs = {"type": kind, "properties": {key: f"http://{at}/crs", "type": "proj4"}}
    return as_geojson(rows, crs=crs)


NAMING = {
    "virtual.vrt": lambda at, rows: virtual(at),
    "virtual.kml": lambda at, rows: virtual(at),
    "remark.kml": lambda at, rows: f"<!-- {'x' * 600} -->{virtual(at)}",
    "plain.gml": lambda at, rows: f"<!-- {'x' * 900} -->{virtual(at, 'http://{at}/held.geojson')}",
    "services.gml": lambda at, rows: (
        f"<!-- {'x' * 600} --><OGRWFSDataSource><URL>http://{at}/wfs?</URL></OGRWFSDataSource>"
    ),
    "linked.geojson": linked,
    "url.geojson": lambda at, rows: linked(at, rows, "url", "url"),
}


@pytest.mark.parametrize("name", NAMING)
@pytest.mark.parametrize("packed", [False, True])
def test_nobody_is_asked_for_what_a_file_names(name, packed, server, tmp_path):
    draft = Draft()
    server.files["/held.geojson"] = as_geojson(draft.zones).encode()
    text = NAMING[name](server.at, draft.zones)
    file = f"{name}.gz" if packed else name
    draft.ask("world", zones=file)
    draft.extra[file] = gzip.compress(text.encode()) if packed else text
    said = problems(draft.write(tmp_path / "draft"))
    assert "virtual file" in said or "is a link to somewhere else" in said
    assert server.asked == []


def test_a_column_called_crs_is_no_link(tmp_path):
    draft = Draft()
    for row in draft.zones:
        row["crs"] = "link"
    assert len(read_world(read_model(draft.write(tmp_path / "draft"))).zones) == 4


def test_gdal_itself_asks_nobody_while_it_reads(server, tmp_path):
    # Without this, GDAL 3.12 fetches both, so that the test can fail.
    rows = as_frame(Draft().sites)
    server.files["/held.geojson"] = rows.to_json().encode()
    (tmp_path / "a.vrt").write_text(virtual(server.at, "http://{at}/held.geojson"))
    (tmp_path / "b.vrt").write_text(virtual(server.at))
    (tmp_path / "c.geojson").write_text(linked(server.at, Draft().zones))
    with offline():
        for name in ("a.vrt", "b.vrt", "c.geojson"):
            try:
                pyogrio.read_dataframe(tmp_path / name)
            except (pyogrio.errors.DataSourceError, pyogrio.errors.CRSError):
                continue
    assert server.asked == []
    assert pyogrio.get_gdal_config_option("GDAL_HTTP_PROXY") is None
    pyogrio.read_dataframe(tmp_path / "c.geojson")
    assert server.asked == ["/crs"]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("https://host/a.csv", True),
        ("s3://bucket/a.csv", True),
        ("/vsis3/bucket/a.csv", True),
        ("sites.csv", False),
        ("data/sites.csv", False),
        ("C:/data/sites.csv", False),
        ("C:\\data\\sites.csv", False),
        ("a:b.csv", False),
    ],
)
def test_an_address_is_told_from_a_path(name, address):
    assert is_address(name) is address


# --- What is no file ------------------------------------------------------------------------


def make_socket(path):
    # A path of a socket is at most about 100 letters long.
    before = path.parent.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


NO_FILES = {
    "a named pipe": os.mkfifo,
    "a socket": make_socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("what", NO_FILES)
@pytest.mark.parametrize("file", ["sites.csv", "sites.geojson", "sites.gpkg", "sites.xlsx"])
def test_what_is_no_file_is_refused_at_once(what, file, tmp_path):
    draft = Draft()
    draft.ask("world", sites=file)
    draft.extra[file] = lambda path: (path.unlink(missing_ok=True), NO_FILES[what](path))
    folder = draft.write(tmp_path / "draft")
    start_s = time.monotonic()
    said = problems(folder)
    assert f"is no file but {what}" in said
    assert time.monotonic() - start_s < 10


@pytest.mark.parametrize("suffix", [".dbf", ".shx", ".prj"])
def test_a_pipe_beside_a_shapefile_is_refused(suffix, tmp_path):
    draft = Draft()
    draft.ask("world", sites="s.shp")
    draft.extra["s.shp"] = lambda path: as_frame(draft.sites).to_file(path)

    def put_pipe(path):
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    draft.extra[f"s{suffix}"] = put_pipe
    assert f"s{suffix}, which belongs to it, is no file but a named pipe" in problems(
        draft.write(tmp_path / "draft")
    )


@pytest.mark.parametrize("file", ["sites.csv", "states.geojson"])
def test_a_pipe_in_the_folder_of_a_base_is_refused(file, tmp_path):
    draft = Draft()
    base = draft.write(tmp_path / "base")
    (base / file).unlink(missing_ok=True)
    os.mkfifo(base / file)
    draft.model["world"] = {"base": str(base)}
    assert "is no file but a named pipe" in problems(draft.write(tmp_path / "draft"))
