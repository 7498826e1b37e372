import { Axios } from 'axios';
import { Client } from 'minio';
import pg from 'pg';
import type { ObjectStore } from '../../../stores/objects/object-store.ts';

/** Told each point that a write passes. */
type Pass = (point: string) => void;

/** Numbers the points that are passed again: `insert model`, `insert model#2`. */
export function numbered(pass: Pass): Pass {
  const times = new Map<string, number>();
  return (point) => {
    const time = (times.get(point) ?? 0) + 1;
    times.set(point, time);
    pass(time === 1 ? point : `${point}#${time}`);
  };
}

const WRITES = /^\s*(insert into|update|delete from)\s+"?(\w+)"?/i;

/** An object store whose puts and removals are points: `put datasets/…/bars.parquet` before it. */
export function watchObjects(objects: ObjectStore, pass: Pass): ObjectStore {
  return new Proxy(objects, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]) => {
        if (name === 'put' || name === 'remove') pass(`${name} ${String(args[1]).replace(/[0-9a-f]{64}/g, '…')}`);
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
}

/**
 * Makes points of the statements that change something: `insert model` before it, `commit` before and `commit sent` while
 * the server has it and nobody knows what it answers. For the whole process, below
 * every store that speaks SQL, until what it returns is called.
 */
export function watchStatements(pass: Pass): () => void {
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  const changed = new WeakSet<object>();
  const watched = function (this: object, ...args: unknown[]): unknown {
    const [statement] = args;
    const text = typeof statement === 'string' ? statement : ((statement as { text?: string } | null)?.text ?? '');
    const [, verb, table] = WRITES.exec(text) ?? [];
    if (verb !== undefined) {
      pass(`${verb.split(' ')[0]!.toLowerCase()} ${table}`);
      changed.add(this);
    }
    if (text !== 'commit' || !changed.delete(this)) return query.apply(this, args);
    pass('commit');
    const answer = query.apply(this, args);
    pass('commit sent');
    return answer;
  };
  pg.Client.prototype.query = watched as typeof pg.Client.prototype.query;
  return () => {
    pg.Client.prototype.query = query as typeof pg.Client.prototype.query;
  };
}

/**
 * Makes points of the calls that change something in MLflow: `runs/create` before it, and `runs/create answered` when
 * MLflow has done it and whoever asked has not been told. For the whole process, below everything that speaks to MLflow,
 * which is to be opened afterwards; until what it returns is called.
 */
export function watchMlflow(pass: Pass): () => void {
  const request = Axios.prototype.request as (...args: unknown[]) => Promise<unknown>;
  const watched = async function (this: object, ...args: unknown[]): Promise<unknown> {
    const { method = 'GET', url = '' } = args[0] as { method?: string; url?: string };
    const place = url
      .replace(/^\/api\/2\.0\/mlflow\//, method === 'DELETE' ? 'delete ' : '')
      .replace(/^\/api\/2\.0\/mlflow-artifacts\/.*\/artifacts\//, 'upload ');
    if (method === 'GET' || place === 'runs/search') return request.apply(this, args);
    pass(place);
    const answer = await request.apply(this, args);
    pass(`${place} answered`);
    return answer;
  };
  Axios.prototype.request = watched as typeof Axios.prototype.request;
  return () => {
    Axios.prototype.request = request as typeof Axios.prototype.request;
  };
}

/** Makes points of the calls by which a large object is put in parts: `upload part` before each, `complete upload`. */
export function watchParts(pass: Pass): void {
  for (const [name, point] of [
    ['uploadPart', 'upload part'],
    ['completeMultipartUpload', 'complete upload'],
  ] as const) {
    const call = Client.prototype[name] as (...args: unknown[]) => Promise<unknown>;
    const watched = function (this: object, ...args: unknown[]): Promise<unknown> {
      pass(point);
      return call.apply(this, args);
    };
    Object.assign(Client.prototype, { [name]: watched });
  }
}
