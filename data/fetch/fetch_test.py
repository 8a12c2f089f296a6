#!/usr/bin/env python3
"""fetch.sh over a made-up catalogue and a server that can break off, refuse, lie, and ignore ranges."""

import fcntl
import hashlib
import http.server
import io
import os
import pathlib
import re
import signal
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest
import zipfile

PROGRAM = os.path.abspath("data/fetch/fetch")
MEMBERS = {"folder/train.bin": b"twelve bytes", "folder/names.txt": bytes(range(256)) * 500}


def tar_gz(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=0) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves server.files; server.breaks are the numbers of bytes after which the next answers break off."""

    def do_GET(self):
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        self.server.requests.append((self.path, int(asked[1]) if asked else 0))
        body = self.server.files.get(self.path)
        if body is None:
            return self.send_error(404)
        begin = int(asked[1]) if asked and self.server.honours_range else 0
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - begin))
        self.end_headers()
        until = self.server.breaks.pop(0) if self.server.breaks else len(body)
        self.wfile.write(body[begin:until])
        self.wfile.flush()
        if until < len(body):
            self.server.may_break.wait(60)

    def log_message(self, *_):
        pass


class FetchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.files, self.server.requests, self.server.breaks = {}, [], []
        self.server.honours_range, self.server.may_break = True, threading.Event()
        self.server.may_break.set()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.out = self.root / "out"
        self.official = tar_gz(MEMBERS)
        self.catalogue = []
        self.add("set", "folder", "set.tar.gz", self.official)
        self.catalogue += ["holds set train.bin 12", "holds set names.txt any"]

    def add(self, dataset, folder, name, content, algorithm="sha256"):
        checksum = hashlib.new(algorithm, content).hexdigest()
        self.catalogue.append(f"file {dataset} {folder} {len(content)} {algorithm} {checksum} {self.url}/pub/{name}")
        self.server.files["/pub/" + name] = content

    def command(self, *arguments):
        (self.root / "catalogue").write_text("\n".join(self.catalogue), encoding="utf-8")
        return [PROGRAM, f"--catalogue={self.root}/catalogue", f"--out={self.out}", "--dataset=set", *arguments]

    def fetch(self, *arguments, **environment):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, env={**os.environ, **environment})
        return done.returncode, done.stdout, done.stderr

    def assert_fetches(self, *arguments):
        code, said, errors = self.fetch(*arguments)
        self.assertEqual((code, errors), (0, ""))
        for name, content in MEMBERS.items():
            self.assertEqual((self.out / name).read_bytes(), content)
        return said

    def assert_fails(self, message, *arguments):
        code, _, errors = self.fetch(*arguments)
        self.assertRegex(errors, r"\Afetch: [^\n]*\n\Z")
        self.assertIn(message, errors)
        self.assertEqual(code, 2)

    def names(self):
        return sorted(path.name for path in self.out.iterdir())

    def test_downloads_checks_and_unpacks(self):
        self.assertIn(f"ready; train on it with --dataset=set --data_dir={self.out}/folder\n", self.assert_fetches())
        self.assertEqual(self.names(), ["folder", "set.tar.gz"])
        (self.out / "set.tar.gz").unlink()
        self.assertIn("is there already", self.assert_fetches())
        self.assertEqual(len(self.server.requests), 1)

    def test_a_zip_by_md5_and_files_that_are_no_archive(self):
        self.catalogue = []
        self.add("set", "folder", "set.zip", zipped(MEMBERS), "md5")
        self.add("plain", "digits", "images.gz", b"images")
        self.add("plain", "digits", "labels.gz", b"labels")
        self.assert_fetches()
        for _ in range(2):
            self.assertEqual(self.fetch("--dataset=plain")[::2], (0, ""))
        self.assertEqual((self.out / "digits/images.gz").read_bytes() + (self.out / "digits/labels.gz").read_bytes(), b"imageslabels")
        self.assertEqual(len(self.server.requests), 3)

    def test_a_broken_connection_is_taken_up_again(self):
        self.server.breaks = [1000, 70000]
        self.assert_fetches()
        self.assertEqual([begin for _, begin in self.server.requests], [0, 1000, 70000])

    def test_a_truncated_download_is_kept_for_the_next_call(self):
        self.server.breaks = [1000, 2000, 3000, 4000]
        self.assert_fails("with 4000 bytes here; run the same command again: it goes on from there")
        self.assertEqual(self.names(), ["set.tar.gz.part"])
        self.assertIn("going on after 4000 bytes", self.assert_fetches())
        self.assertEqual(self.server.requests[-1], ("/pub/set.tar.gz", 4000))

    def test_a_killed_call_is_resumed(self):
        self.server.may_break.clear()
        self.server.breaks = [50000]
        with subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, start_new_session=True) as running:
            part = self.out / "set.tar.gz.part"
            while not part.exists() or part.stat().st_size < 40000:  # curl may hold the last bytes back
                time.sleep(0.01)
            self.assert_fails(f"another download into {self.out} is running")
            os.killpg(running.pid, signal.SIGKILL)
        self.server.may_break.set()
        self.assertEqual(self.names(), ["set.tar.gz.part"])
        self.assert_fetches()
        (_, first), (_, second) = self.server.requests
        self.assertEqual(first, 0)
        self.assertGreaterEqual(second, 40000)

    def test_a_server_that_ignores_ranges_gives_the_whole_file_anew(self):
        self.out.mkdir()
        (self.out / "set.tar.gz.part").write_bytes(b"other bytes")
        self.server.honours_range = False
        self.assert_fetches()

    def test_a_whole_part_needs_no_request(self):
        self.out.mkdir()
        (self.out / "set.tar.gz.part").write_bytes(self.official)
        self.assert_fetches()
        self.assertEqual(self.server.requests, [])

    def test_a_wrong_checksum_is_kept_aside_and_the_next_call_starts_anew(self):
        wrong = self.official[:-20] + b"x" + self.official[-19:]
        self.server.files["/pub/set.tar.gz"] = wrong
        self.assert_fails(f"wrong sha256); it is kept as {self.out}/set.tar.gz.bad-checksum")
        self.assertEqual((self.out / "set.tar.gz.bad-checksum").read_bytes(), wrong)
        self.assertEqual(self.names(), ["set.tar.gz.bad-checksum"])
        self.server.files["/pub/set.tar.gz"] = self.official
        self.assert_fetches()

    def test_a_wrong_file_that_is_there_is_renamed_and_replaced(self):
        self.out.mkdir()
        (self.out / "set.tar.gz").write_bytes(b"the user's")
        self.assertIn("is not the official file: it is now", self.assert_fetches())
        self.assertEqual((self.out / "set.tar.gz.bad-checksum").read_bytes(), b"the user's")

    def test_an_incomplete_folder_is_not_touched(self):
        self.assert_fetches()
        (self.out / "folder/train.bin").write_bytes(b"short")
        self.assert_fails("/folder/train.bin has 5 bytes, not 12; move it away")
        (self.out / "folder/train.bin").unlink()
        self.assert_fails("/folder/train.bin is missing; move it away")
        self.assertTrue((self.out / "folder/names.txt").exists())

    def test_an_interrupted_extraction_is_thrown_away(self):
        (self.out / ".folder.part/folder").mkdir(parents=True)
        (self.out / ".folder.part/folder/half").write_bytes(b"half")
        self.assert_fetches()
        self.assertFalse((self.out / "folder/half").exists())
        self.assertEqual(self.names(), ["folder", "set.tar.gz"])

    def test_archives_that_do_not_fit(self):
        for content, message in [
            (tar_gz({"other/train.bin": b""}), "does not hold data set set: "),
            (b"<html>a page</html>", "cannot unpack"),
            (tar_gz({"folder/train.bin": b"twelve bytes", "folder/names.txt": b"", "../evil": b"evil"}), "cannot unpack"),
        ]:
            self.catalogue = self.catalogue[1:]
            self.add("set", "folder", "set.tar.gz", content)
            self.catalogue.insert(0, self.catalogue.pop())
            self.assert_fails(message)
            self.assertEqual(self.names(), ["set.tar.gz", "set.tar.gz.bad-checksum"] if len(self.names()) > 1 else ["set.tar.gz"])
            self.assertFalse((self.root / "evil").exists())

    def test_servers_that_have_nothing(self):
        self.server.files = {}
        self.assert_fails("/pub/set.tar.gz: HTTP status 404; try another server with --mirror=URL")
        self.assert_fails("is there a network?", "--mirror=http://127.0.0.1:1")
        self.assert_fails("mirror 'ftp://127.0.0.1' is no URL", "--mirror=ftp://127.0.0.1")
        self.server.files["/other/set.tar.gz"] = self.official
        self.assert_fetches(f"--mirror={self.url}/other/")

    def test_a_full_disk(self):
        self.out.mkdir()
        (self.out / "set.tar.gz.part").symlink_to("/dev/full")
        self.assert_fails("free some space")

    def test_folders_that_cannot_be_written(self):
        self.assert_fails("/proc/here", "--out=/proc/here")
        (self.root / "file").write_text("", encoding="utf-8")
        self.assert_fails("name another folder with --out=DIR", f"--out={self.root}/file")
        self.out.mkdir(mode=0o555)
        if not os.access(self.out, os.W_OK):  # root may write anywhere
            self.assert_fails(f"cannot write into {self.out}")

    def test_only_locked_means_locked(self):
        self.out.mkdir()
        tools = self.root / "tools"
        tools.mkdir()
        (tools / "flock").write_text("#!/bin/sh\nexit 71\n", encoding="utf-8")
        (tools / "flock").chmod(0o755)
        code, _, errors = self.fetch(PATH=f"{tools}:{os.environ['PATH']}")
        self.assertEqual((code, errors), (0, f"fetch: {self.out} cannot be locked here: do not start a second download into it meanwhile\n"))
        holder = os.open(self.out, os.O_RDONLY)
        self.addCleanup(os.close, holder)
        fcntl.flock(holder, fcntl.LOCK_EX)
        self.assert_fails(f"another download into {self.out} is running; wait for it to end")

    def test_bad_arguments_and_help(self):
        for arguments, message in [
            (["--dataset=cifr10", "--out=x"], "unknown data set 'cifr10'; there are: cifar10, cifar100, tiny-imagenet, mnist"),
            ([], "no data set named; name one with --dataset=NAME: cifar10, cifar100, tiny-imagenet, mnist"),
            (["--dataset=mnist"], "no folder to put it into; name one with --out=DIR"),
            (["mnist"], "unknown argument 'mnist'; there are --dataset=NAME, --out=DIR, --mirror=URL, --catalogue=FILE and --help"),
            (["--catalogue=/none"], "cannot read the list of data sets, /none"),
        ]:
            done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (2, f"fetch: {message}\n"))
        done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("Usage: ./tools/bazel run //data:fetch -- --dataset=NAME --out=DIR\n", done.stdout)

    def test_a_relative_out_is_the_callers(self):
        self.assert_fetches()
        done = subprocess.run(self.command("--out=out"), capture_output=True, text=True, check=False, env={**os.environ, "BUILD_WORKING_DIRECTORY": str(self.root)})
        self.assertIn("out/folder is there already", done.stdout)

    def test_the_official_catalogue(self):
        lines = pathlib.Path(PROGRAM).resolve().with_name("catalogue.txt").read_text(encoding="utf-8").splitlines()
        digits = {"sha256": 64, "md5": 32}
        checksums = set()
        for word, dataset, *rest in (line.split() for line in lines if line and not line.startswith("#")):
            if word == "file":
                _, size, algorithm, checksum, url = rest
                self.assertRegex(checksum, rf"\A[0-9a-f]{{{digits[algorithm]}}}\Z")
                self.assertNotIn(checksum, checksums)
                self.assertGreater(int(size), 0)
                self.assertRegex(url, r"\Ahttps?://[^ ]+\.(tar\.gz|zip|gz)\Z")
                checksums.add(checksum)
            else:
                self.assertEqual(word, "holds", dataset)
                self.assertRegex(rest[1], r"\A(any|\d+)\Z")
        self.assertEqual(len(checksums), 7)


if __name__ == "__main__":
    unittest.main()
