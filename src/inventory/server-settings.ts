/**
 * Settings of the embedded server, on its command line, so that they hold for
 * every data folder whenever it was made. Safe against power cuts as it comes
 * (fsync, full_page_writes, synchronous_commit are on); sized for a machine
 * with 4 to 8 GB that has other work, too.
 */
import { serverPort } from "./server-folder.ts";

export function serverSettings(sockets: string, platform: string = process.platform): readonly string[] {
  return Object.entries({
    // Reached through a socket only its owner can open; no TCP, no passwords.
    listen_addresses: "",
    unix_socket_directories: `"${sockets.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    port: serverPort,
    cluster_name: "onefold",
    max_connections: 40,

    shared_buffers: "128MB",
    work_mem: "32MB",
    maintenance_work_mem: "128MB",
    effective_cache_size: "1GB",
    // Of /dev/shm a container often has 64 MB only, too little for parallel queries.
    ...(platform === "linux" ? { dynamic_shared_memory_type: "sysv" } : {}),

    // Loads are large and rare: few checkpoints, and a table filled where it was made needs no log.
    max_wal_size: "2GB",
    checkpoint_timeout: "15min",
    wal_compression: "pglz",
    wal_level: "minimal",
    max_wal_senders: 0,
    max_logical_replication_workers: 0,

    // Compiling costs more than our queries take; workers for reading would be three more processes.
    jit: "off",
    io_method: "sync",

    logging_collector: "off",
    log_destination: "stderr",
    log_checkpoints: "off",
    log_line_prefix: "%m [%p] ",
    log_timezone: "UTC",
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
