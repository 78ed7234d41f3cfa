// Written by generate.js from docs/openapi.json.
import type {
  Body,
  Call,
  Item,
  Options,
  PageOptions,
  Result,
  Unconditional,
} from "./types.js";

/** By name: the method, the path and, where there is a body, what it is. */
export const OPERATIONS = {
  me: ["GET", "/me"],
  updateMe: ["PATCH", "/me", "json"],
  deleteMe: ["DELETE", "/me", "json"],
  setUp: ["POST", "/setup", "json"],
  getSession: ["GET", "/session"],
  signIn: ["POST", "/session", "json"],
  signOut: ["DELETE", "/session"],
  listSessions: ["GET", "/sessions"],
  endSession: ["DELETE", "/sessions/{sessionId}"],
  changePassword: ["POST", "/me/password", "json"],
  resetPassword: ["POST", "/reset/{token}", "json"],
  getPasskeyOptions: ["POST", "/session/passkey/options"],
  signInByPasskey: ["POST", "/session/passkey", "json"],
  getNewPasskeyOptions: ["POST", "/me/passkeys/options"],
  listPasskeys: ["GET", "/me/passkeys"],
  addPasskey: ["POST", "/me/passkeys", "json"],
  deletePasskey: ["DELETE", "/me/passkeys/{passkeyId}"],
  listKeys: ["GET", "/keys"],
  createKey: ["POST", "/keys", "json"],
  revokeKey: ["DELETE", "/keys/{keyId}"],
  createGroup: ["POST", "/groups", "json"],
  updateGroup: ["PATCH", "/groups/{groupId}", "json"],
  listGroupMembers: ["GET", "/groups/{groupId}/members"],
  updateGroupMember: ["PATCH", "/groups/{groupId}/members/{userId}", "json"],
  deleteGroupMember: ["DELETE", "/groups/{groupId}/members/{userId}"],
  listInvites: ["GET", "/groups/{groupId}/invites"],
  createInvite: ["POST", "/groups/{groupId}/invites", "json"],
  deleteInvite: ["DELETE", "/groups/{groupId}/invites/{inviteId}"],
  getInvite: ["GET", "/invites/{token}"],
  acceptInvite: ["POST", "/invites/{token}", "json"],
  exportMe: ["GET", "/me/export"],
  listTrips: ["GET", "/trips"],
  createTrip: ["POST", "/trips", "json"],
  getTrip: ["GET", "/trips/{tripId}"],
  updateTrip: ["PATCH", "/trips/{tripId}", "json"],
  archiveTrip: ["DELETE", "/trips/{tripId}"],
  exportTrip: ["GET", "/trips/{tripId}/export"],
  syncTrip: ["POST", "/trips/{tripId}/sync", "json"],
  importFile: ["POST", "/trips/{tripId}/import", "file"],
  listLegs: ["GET", "/trips/{tripId}/legs"],
  createLeg: ["POST", "/trips/{tripId}/legs", "json"],
  upsertLegs: ["POST", "/trips/{tripId}/legs:batch", "json"],
  updateLeg: ["PATCH", "/trips/{tripId}/legs/{legId}", "json"],
  deleteLeg: ["DELETE", "/trips/{tripId}/legs/{legId}"],
  listStays: ["GET", "/trips/{tripId}/legs/{legId}/stays"],
  createStay: ["POST", "/trips/{tripId}/legs/{legId}/stays", "json"],
  upsertStays: ["POST", "/trips/{tripId}/legs/{legId}/stays:batch", "json"],
  updateStay: ["PATCH", "/trips/{tripId}/legs/{legId}/stays/{stayId}", "json"],
  deleteStay: ["DELETE", "/trips/{tripId}/legs/{legId}/stays/{stayId}"],
  listMapPins: ["GET", "/trips/{tripId}/map-pins"],
  createMapPin: ["POST", "/trips/{tripId}/map-pins", "json"],
  upsertMapPins: ["POST", "/trips/{tripId}/map-pins:batch", "json"],
  updateMapPin: ["PATCH", "/trips/{tripId}/map-pins/{pinId}", "json"],
  deleteMapPin: ["DELETE", "/trips/{tripId}/map-pins/{pinId}"],
  listActionItems: ["GET", "/trips/{tripId}/action-items"],
  createActionItem: ["POST", "/trips/{tripId}/action-items", "json"],
  upsertActionItems: ["POST", "/trips/{tripId}/action-items:batch", "json"],
  updateActionItem: ["PATCH", "/trips/{tripId}/action-items/{itemId}", "json"],
  deleteActionItem: ["DELETE", "/trips/{tripId}/action-items/{itemId}"],
  listCommitments: ["GET", "/trips/{tripId}/commitments"],
  createCommitment: ["POST", "/trips/{tripId}/commitments", "json"],
  upsertCommitments: ["POST", "/trips/{tripId}/commitments:batch", "json"],
  updateCommitment: ["PATCH", "/trips/{tripId}/commitments/{commitmentId}", "json"],
  deleteCommitment: ["DELETE", "/trips/{tripId}/commitments/{commitmentId}"],
  listChannels: ["GET", "/trips/{tripId}/channels"],
  listMessages: ["GET", "/trips/{tripId}/channels/{channelId}/messages"],
  sendMessage: ["POST", "/trips/{tripId}/channels/{channelId}/messages", "json"],
  listMembers: ["GET", "/trips/{tripId}/members"],
  listChanges: ["GET", "/trips/{tripId}/changes"],
  listHistory: ["GET", "/trips/{tripId}/history"],
  getChangeset: ["GET", "/trips/{tripId}/history/{rev}"],
  undo: ["POST", "/trips/{tripId}/history/{rev}/undo"],
  events: ["GET", "/trips/{tripId}/events"],
  createShareToken: ["POST", "/trips/{tripId}/share-token"],
  deleteShareToken: ["DELETE", "/trips/{tripId}/share-token"],
  getSharedTrip: ["GET", "/shared/trips/{token}"],
  exportSharedTrip: ["GET", "/shared/trips/{token}/export"],
  getCalendar: ["GET", "/trips/{tripId}/calendar.ics"],
  getSharedCalendar: ["GET", "/shared/trips/{token}/calendar.ics"],
  createCalendarToken: ["POST", "/me/calendar-token"],
  deleteCalendarToken: ["DELETE", "/me/calendar-token"],
  getCalendarFeed: ["GET", "/calendars/{token}.ics"],
  getJob: ["GET", "/jobs/{jobId}"],
  listWebhooks: ["GET", "/webhooks"],
  createWebhook: ["POST", "/webhooks", "json"],
  updateWebhook: ["PATCH", "/webhooks/{webhookId}", "json"],
  deleteWebhook: ["DELETE", "/webhooks/{webhookId}"],
  testWebhook: ["POST", "/webhooks/{webhookId}/test"],
  listDeliveries: ["GET", "/webhooks/{webhookId}/deliveries"],
  redeliver: ["POST", "/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver"],
  getOpenApi: ["GET", "/openapi.json"],
} as const;

/** The operations as methods, and each list as an iterator. */
export interface Operations {
  /** The key in use, its user and their groups: `GET /me`. */
  me(options?: Options<"me"> & Unconditional): Call<Result<"me">>;
  me(options: Options<"me">): Call<Result<"me"> | undefined>;
  /** Change your name or phone: `PATCH /me`. */
  updateMe(body: Body<"updateMe">, options?: Options<"updateMe">): Call<Result<"updateMe">>;
  /** Delete your account: `DELETE /me`. */
  deleteMe(body: Body<"deleteMe">, options?: Options<"deleteMe">): Call<Result<"deleteMe">>;
  /** Set up a new server: `POST /setup`. */
  setUp(body: Body<"setUp">, options?: Options<"setUp">): Call<Result<"setUp">>;
  /** Who is signed in: `GET /session`. */
  getSession(options?: Options<"getSession"> & Unconditional): Call<Result<"getSession">>;
  getSession(options: Options<"getSession">): Call<Result<"getSession"> | undefined>;
  /** Sign in: `POST /session`. */
  signIn(body: Body<"signIn">, options?: Options<"signIn">): Call<Result<"signIn">>;
  /** Sign out: `DELETE /session`. */
  signOut(options?: Options<"signOut">): Call<Result<"signOut">>;
  /** List your sessions: `GET /sessions`. */
  listSessions(options?: Options<"listSessions"> & Unconditional): Call<Result<"listSessions">>;
  listSessions(options: Options<"listSessions">): Call<Result<"listSessions"> | undefined>;
  /** List your sessions, page after page: `GET /sessions`. */
  iterateSessions(options?: PageOptions<"listSessions">): AsyncIterableIterator<Item<"listSessions">>;
  /** End a session of yours: `DELETE /sessions/{sessionId}`. */
  endSession(sessionId: string, options?: Options<"endSession">): Call<Result<"endSession">>;
  /** Change your password: `POST /me/password`. */
  changePassword(body: Body<"changePassword">, options?: Options<"changePassword">): Call<Result<"changePassword">>;
  /** Set a new password by a link: `POST /reset/{token}`. */
  resetPassword(token: string, body: Body<"resetPassword">, options?: Options<"resetPassword">): Call<Result<"resetPassword">>;
  /** Begin to sign in by passkey: `POST /session/passkey/options`. */
  getPasskeyOptions(options?: Options<"getPasskeyOptions">): Call<Result<"getPasskeyOptions">>;
  /** Sign in by passkey: `POST /session/passkey`. */
  signInByPasskey(body: Body<"signInByPasskey">, options?: Options<"signInByPasskey">): Call<Result<"signInByPasskey">>;
  /** Begin to add a passkey: `POST /me/passkeys/options`. */
  getNewPasskeyOptions(options?: Options<"getNewPasskeyOptions">): Call<Result<"getNewPasskeyOptions">>;
  /** List passkeys: `GET /me/passkeys`. */
  listPasskeys(options?: Options<"listPasskeys"> & Unconditional): Call<Result<"listPasskeys">>;
  listPasskeys(options: Options<"listPasskeys">): Call<Result<"listPasskeys"> | undefined>;
  /** List passkeys, page after page: `GET /me/passkeys`. */
  iteratePasskeys(options?: PageOptions<"listPasskeys">): AsyncIterableIterator<Item<"listPasskeys">>;
  /** Add a passkey: `POST /me/passkeys`. */
  addPasskey(body: Body<"addPasskey">, options?: Options<"addPasskey">): Call<Result<"addPasskey">>;
  /** Remove a passkey: `DELETE /me/passkeys/{passkeyId}`. */
  deletePasskey(passkeyId: string, options?: Options<"deletePasskey">): Call<Result<"deletePasskey">>;
  /** List your API keys: `GET /keys`. */
  listKeys(options?: Options<"listKeys"> & Unconditional): Call<Result<"listKeys">>;
  listKeys(options: Options<"listKeys">): Call<Result<"listKeys"> | undefined>;
  /** List your API keys, page after page: `GET /keys`. */
  iterateKeys(options?: PageOptions<"listKeys">): AsyncIterableIterator<Item<"listKeys">>;
  /** Create an API key: `POST /keys`. */
  createKey(body: Body<"createKey">, options?: Options<"createKey">): Call<Result<"createKey">>;
  /** Revoke an API key: `DELETE /keys/{keyId}`. */
  revokeKey(keyId: string, options?: Options<"revokeKey">): Call<Result<"revokeKey">>;
  /** Create a group: `POST /groups`. */
  createGroup(body: Body<"createGroup">, options?: Options<"createGroup">): Call<Result<"createGroup">>;
  /** Rename a group: `PATCH /groups/{groupId}`. */
  updateGroup(groupId: string, body: Body<"updateGroup">, options?: Options<"updateGroup">): Call<Result<"updateGroup">>;
  /** List a group's members: `GET /groups/{groupId}/members`. */
  listGroupMembers(groupId: string, options?: Options<"listGroupMembers"> & Unconditional): Call<Result<"listGroupMembers">>;
  listGroupMembers(groupId: string, options: Options<"listGroupMembers">): Call<Result<"listGroupMembers"> | undefined>;
  /** List a group's members, page after page: `GET /groups/{groupId}/members`. */
  iterateGroupMembers(groupId: string, options?: PageOptions<"listGroupMembers">): AsyncIterableIterator<Item<"listGroupMembers">>;
  /** Change a member's role: `PATCH /groups/{groupId}/members/{userId}`. */
  updateGroupMember(groupId: string, userId: string, body: Body<"updateGroupMember">, options?: Options<"updateGroupMember">): Call<Result<"updateGroupMember">>;
  /** Remove a member, or leave: `DELETE /groups/{groupId}/members/{userId}`. */
  deleteGroupMember(groupId: string, userId: string, options?: Options<"deleteGroupMember">): Call<Result<"deleteGroupMember">>;
  /** List invitations: `GET /groups/{groupId}/invites`. */
  listInvites(groupId: string, options?: Options<"listInvites"> & Unconditional): Call<Result<"listInvites">>;
  listInvites(groupId: string, options: Options<"listInvites">): Call<Result<"listInvites"> | undefined>;
  /** List invitations, page after page: `GET /groups/{groupId}/invites`. */
  iterateInvites(groupId: string, options?: PageOptions<"listInvites">): AsyncIterableIterator<Item<"listInvites">>;
  /** Invite somebody to a group: `POST /groups/{groupId}/invites`. */
  createInvite(groupId: string, body: Body<"createInvite">, options?: Options<"createInvite">): Call<Result<"createInvite">>;
  /** Revoke an invitation: `DELETE /groups/{groupId}/invites/{inviteId}`. */
  deleteInvite(groupId: string, inviteId: string, options?: Options<"deleteInvite">): Call<Result<"deleteInvite">>;
  /** Read what you are invited to: `GET /invites/{token}`. */
  getInvite(token: string, options?: Options<"getInvite"> & Unconditional): Call<Result<"getInvite">>;
  getInvite(token: string, options: Options<"getInvite">): Call<Result<"getInvite"> | undefined>;
  /** Accept an invitation: `POST /invites/{token}`. */
  acceptInvite(token: string, body: Body<"acceptInvite">, options?: Options<"acceptInvite">): Call<Result<"acceptInvite">>;
  /** Read all that is known of you: `GET /me/export`. */
  exportMe(options?: Options<"exportMe"> & Unconditional): Call<Result<"exportMe">>;
  exportMe(options: Options<"exportMe">): Call<Result<"exportMe"> | undefined>;
  /** List trips: `GET /trips`. */
  listTrips(options?: Options<"listTrips"> & Unconditional): Call<Result<"listTrips">>;
  listTrips(options: Options<"listTrips">): Call<Result<"listTrips"> | undefined>;
  /** List trips, page after page: `GET /trips`. */
  iterateTrips(options?: PageOptions<"listTrips">): AsyncIterableIterator<Item<"listTrips">>;
  /** Create a trip: `POST /trips`. */
  createTrip(body: Body<"createTrip">, options?: Options<"createTrip">): Call<Result<"createTrip">>;
  /** Read a trip: `GET /trips/{tripId}`. */
  getTrip(tripId: string, options?: Options<"getTrip"> & Unconditional): Call<Result<"getTrip">>;
  getTrip(tripId: string, options: Options<"getTrip">): Call<Result<"getTrip"> | undefined>;
  /** Change a trip: `PATCH /trips/{tripId}`. */
  updateTrip(tripId: string, body: Body<"updateTrip">, options?: Options<"updateTrip">): Call<Result<"updateTrip">>;
  /** Archive a trip: `DELETE /trips/{tripId}`. */
  archiveTrip(tripId: string, options?: Options<"archiveTrip">): Call<Result<"archiveTrip">>;
  /** Read a whole trip: `GET /trips/{tripId}/export`. */
  exportTrip(tripId: string, options?: Options<"exportTrip"> & Unconditional): Call<Result<"exportTrip">>;
  exportTrip(tripId: string, options: Options<"exportTrip">): Call<Result<"exportTrip"> | undefined>;
  /** Diff-merge a snapshot into a trip: `POST /trips/{tripId}/sync`. */
  syncTrip(tripId: string, body: Body<"syncTrip">, options?: Options<"syncTrip">): Call<Result<"syncTrip">>;
  /** Import a file into a trip: `POST /trips/{tripId}/import`. */
  importFile(tripId: string, body: Body<"importFile">, options?: Options<"importFile">): Call<Result<"importFile">>;
  /** List legs: `GET /trips/{tripId}/legs`. */
  listLegs(tripId: string, options?: Options<"listLegs"> & Unconditional): Call<Result<"listLegs">>;
  listLegs(tripId: string, options: Options<"listLegs">): Call<Result<"listLegs"> | undefined>;
  /** List legs, page after page: `GET /trips/{tripId}/legs`. */
  iterateLegs(tripId: string, options?: PageOptions<"listLegs">): AsyncIterableIterator<Item<"listLegs">>;
  /** Create one leg, or merge by clientRef: `POST /trips/{tripId}/legs`. */
  createLeg(tripId: string, body: Body<"createLeg">, options?: Options<"createLeg">): Call<Result<"createLeg">>;
  /** Create or merge up to 50 legs: `POST /trips/{tripId}/legs:batch`. */
  upsertLegs(tripId: string, body: Body<"upsertLegs">, options?: Options<"upsertLegs">): Call<Result<"upsertLegs">>;
  /** Change one leg: `PATCH /trips/{tripId}/legs/{legId}`. */
  updateLeg(tripId: string, legId: string, body: Body<"updateLeg">, options?: Options<"updateLeg">): Call<Result<"updateLeg">>;
  /** Delete one leg: `DELETE /trips/{tripId}/legs/{legId}`. */
  deleteLeg(tripId: string, legId: string, options?: Options<"deleteLeg">): Call<Result<"deleteLeg">>;
  /** List stays: `GET /trips/{tripId}/legs/{legId}/stays`. */
  listStays(tripId: string, legId: string, options?: Options<"listStays"> & Unconditional): Call<Result<"listStays">>;
  listStays(tripId: string, legId: string, options: Options<"listStays">): Call<Result<"listStays"> | undefined>;
  /** List stays, page after page: `GET /trips/{tripId}/legs/{legId}/stays`. */
  iterateStays(tripId: string, legId: string, options?: PageOptions<"listStays">): AsyncIterableIterator<Item<"listStays">>;
  /** Create one stay, or merge by clientRef: `POST /trips/{tripId}/legs/{legId}/stays`. */
  createStay(tripId: string, legId: string, body: Body<"createStay">, options?: Options<"createStay">): Call<Result<"createStay">>;
  /** Create or merge up to 50 stays: `POST /trips/{tripId}/legs/{legId}/stays:batch`. */
  upsertStays(tripId: string, legId: string, body: Body<"upsertStays">, options?: Options<"upsertStays">): Call<Result<"upsertStays">>;
  /** Change one stay: `PATCH /trips/{tripId}/legs/{legId}/stays/{stayId}`. */
  updateStay(tripId: string, legId: string, stayId: string, body: Body<"updateStay">, options?: Options<"updateStay">): Call<Result<"updateStay">>;
  /** Delete one stay: `DELETE /trips/{tripId}/legs/{legId}/stays/{stayId}`. */
  deleteStay(tripId: string, legId: string, stayId: string, options?: Options<"deleteStay">): Call<Result<"deleteStay">>;
  /** List map pins: `GET /trips/{tripId}/map-pins`. */
  listMapPins(tripId: string, options?: Options<"listMapPins"> & Unconditional): Call<Result<"listMapPins">>;
  listMapPins(tripId: string, options: Options<"listMapPins">): Call<Result<"listMapPins"> | undefined>;
  /** List map pins, page after page: `GET /trips/{tripId}/map-pins`. */
  iterateMapPins(tripId: string, options?: PageOptions<"listMapPins">): AsyncIterableIterator<Item<"listMapPins">>;
  /** Create one map pin, or merge by clientRef: `POST /trips/{tripId}/map-pins`. */
  createMapPin(tripId: string, body: Body<"createMapPin">, options?: Options<"createMapPin">): Call<Result<"createMapPin">>;
  /** Create or merge up to 50 map pins: `POST /trips/{tripId}/map-pins:batch`. */
  upsertMapPins(tripId: string, body: Body<"upsertMapPins">, options?: Options<"upsertMapPins">): Call<Result<"upsertMapPins">>;
  /** Change one map pin: `PATCH /trips/{tripId}/map-pins/{pinId}`. */
  updateMapPin(tripId: string, pinId: string, body: Body<"updateMapPin">, options?: Options<"updateMapPin">): Call<Result<"updateMapPin">>;
  /** Delete one map pin: `DELETE /trips/{tripId}/map-pins/{pinId}`. */
  deleteMapPin(tripId: string, pinId: string, options?: Options<"deleteMapPin">): Call<Result<"deleteMapPin">>;
  /** List action items: `GET /trips/{tripId}/action-items`. */
  listActionItems(tripId: string, options?: Options<"listActionItems"> & Unconditional): Call<Result<"listActionItems">>;
  listActionItems(tripId: string, options: Options<"listActionItems">): Call<Result<"listActionItems"> | undefined>;
  /** List action items, page after page: `GET /trips/{tripId}/action-items`. */
  iterateActionItems(tripId: string, options?: PageOptions<"listActionItems">): AsyncIterableIterator<Item<"listActionItems">>;
  /** Create one action item, or merge by clientRef: `POST /trips/{tripId}/action-items`. */
  createActionItem(tripId: string, body: Body<"createActionItem">, options?: Options<"createActionItem">): Call<Result<"createActionItem">>;
  /** Create or merge up to 50 action items: `POST /trips/{tripId}/action-items:batch`. */
  upsertActionItems(tripId: string, body: Body<"upsertActionItems">, options?: Options<"upsertActionItems">): Call<Result<"upsertActionItems">>;
  /** Change one action item: `PATCH /trips/{tripId}/action-items/{itemId}`. */
  updateActionItem(tripId: string, itemId: string, body: Body<"updateActionItem">, options?: Options<"updateActionItem">): Call<Result<"updateActionItem">>;
  /** Delete one action item: `DELETE /trips/{tripId}/action-items/{itemId}`. */
  deleteActionItem(tripId: string, itemId: string, options?: Options<"deleteActionItem">): Call<Result<"deleteActionItem">>;
  /** List commitments: `GET /trips/{tripId}/commitments`. */
  listCommitments(tripId: string, options?: Options<"listCommitments"> & Unconditional): Call<Result<"listCommitments">>;
  listCommitments(tripId: string, options: Options<"listCommitments">): Call<Result<"listCommitments"> | undefined>;
  /** List commitments, page after page: `GET /trips/{tripId}/commitments`. */
  iterateCommitments(tripId: string, options?: PageOptions<"listCommitments">): AsyncIterableIterator<Item<"listCommitments">>;
  /** Create one commitment, or merge by clientRef: `POST /trips/{tripId}/commitments`. */
  createCommitment(tripId: string, body: Body<"createCommitment">, options?: Options<"createCommitment">): Call<Result<"createCommitment">>;
  /** Create or merge up to 50 commitments: `POST /trips/{tripId}/commitments:batch`. */
  upsertCommitments(tripId: string, body: Body<"upsertCommitments">, options?: Options<"upsertCommitments">): Call<Result<"upsertCommitments">>;
  /** Change one commitment: `PATCH /trips/{tripId}/commitments/{commitmentId}`. */
  updateCommitment(tripId: string, commitmentId: string, body: Body<"updateCommitment">, options?: Options<"updateCommitment">): Call<Result<"updateCommitment">>;
  /** Delete one commitment: `DELETE /trips/{tripId}/commitments/{commitmentId}`. */
  deleteCommitment(tripId: string, commitmentId: string, options?: Options<"deleteCommitment">): Call<Result<"deleteCommitment">>;
  /** List channels: `GET /trips/{tripId}/channels`. */
  listChannels(tripId: string, options?: Options<"listChannels"> & Unconditional): Call<Result<"listChannels">>;
  listChannels(tripId: string, options: Options<"listChannels">): Call<Result<"listChannels"> | undefined>;
  /** List channels, page after page: `GET /trips/{tripId}/channels`. */
  iterateChannels(tripId: string, options?: PageOptions<"listChannels">): AsyncIterableIterator<Item<"listChannels">>;
  /** List messages, newest first: `GET /trips/{tripId}/channels/{channelId}/messages`. */
  listMessages(tripId: string, channelId: string, options?: Options<"listMessages"> & Unconditional): Call<Result<"listMessages">>;
  listMessages(tripId: string, channelId: string, options: Options<"listMessages">): Call<Result<"listMessages"> | undefined>;
  /** List messages, newest first, page after page: `GET /trips/{tripId}/channels/{channelId}/messages`. */
  iterateMessages(tripId: string, channelId: string, options?: PageOptions<"listMessages">): AsyncIterableIterator<Item<"listMessages">>;
  /** Send a message: `POST /trips/{tripId}/channels/{channelId}/messages`. */
  sendMessage(tripId: string, channelId: string, body: Body<"sendMessage">, options?: Options<"sendMessage">): Call<Result<"sendMessage">>;
  /** List members: `GET /trips/{tripId}/members`. */
  listMembers(tripId: string, options?: Options<"listMembers"> & Unconditional): Call<Result<"listMembers">>;
  listMembers(tripId: string, options: Options<"listMembers">): Call<Result<"listMembers"> | undefined>;
  /** List members, page after page: `GET /trips/{tripId}/members`. */
  iterateMembers(tripId: string, options?: PageOptions<"listMembers">): AsyncIterableIterator<Item<"listMembers">>;
  /** Read what changed since a revision: `GET /trips/{tripId}/changes`. */
  listChanges(tripId: string, options?: Options<"listChanges"> & Unconditional): Call<Result<"listChanges">>;
  listChanges(tripId: string, options: Options<"listChanges">): Call<Result<"listChanges"> | undefined>;
  /** Read what changed since a revision, page after page: `GET /trips/{tripId}/changes`. */
  iterateChanges(tripId: string, options?: PageOptions<"listChanges">): AsyncIterableIterator<Item<"listChanges">>;
  /** List changesets, latest first: `GET /trips/{tripId}/history`. */
  listHistory(tripId: string, options?: Options<"listHistory"> & Unconditional): Call<Result<"listHistory">>;
  listHistory(tripId: string, options: Options<"listHistory">): Call<Result<"listHistory"> | undefined>;
  /** List changesets, latest first, page after page: `GET /trips/{tripId}/history`. */
  iterateHistory(tripId: string, options?: PageOptions<"listHistory">): AsyncIterableIterator<Item<"listHistory">>;
  /** Read what a changeset did: `GET /trips/{tripId}/history/{rev}`. */
  getChangeset(tripId: string, rev: number, options?: Options<"getChangeset"> & Unconditional): Call<Result<"getChangeset">>;
  getChangeset(tripId: string, rev: number, options: Options<"getChangeset">): Call<Result<"getChangeset"> | undefined>;
  /** Take back a changeset: `POST /trips/{tripId}/history/{rev}/undo`. */
  undo(tripId: string, rev: number, options?: Options<"undo">): Call<Result<"undo">>;
  /** Share a trip: `POST /trips/{tripId}/share-token`. */
  createShareToken(tripId: string, options?: Options<"createShareToken">): Call<Result<"createShareToken">>;
  /** Stop sharing a trip: `DELETE /trips/{tripId}/share-token`. */
  deleteShareToken(tripId: string, options?: Options<"deleteShareToken">): Call<Result<"deleteShareToken">>;
  /** Read a shared trip: `GET /shared/trips/{token}`. */
  getSharedTrip(token: string, options?: Options<"getSharedTrip"> & Unconditional): Call<Result<"getSharedTrip">>;
  getSharedTrip(token: string, options: Options<"getSharedTrip">): Call<Result<"getSharedTrip"> | undefined>;
  /** Read a whole shared trip: `GET /shared/trips/{token}/export`. */
  exportSharedTrip(token: string, options?: Options<"exportSharedTrip"> & Unconditional): Call<Result<"exportSharedTrip">>;
  exportSharedTrip(token: string, options: Options<"exportSharedTrip">): Call<Result<"exportSharedTrip"> | undefined>;
  /** Read a trip as a calendar: `GET /trips/{tripId}/calendar.ics`. */
  getCalendar(tripId: string, options?: Options<"getCalendar"> & Unconditional): Call<Result<"getCalendar">>;
  getCalendar(tripId: string, options: Options<"getCalendar">): Call<Result<"getCalendar"> | undefined>;
  /** Read a shared trip as a calendar: `GET /shared/trips/{token}/calendar.ics`. */
  getSharedCalendar(token: string, options?: Options<"getSharedCalendar"> & Unconditional): Call<Result<"getSharedCalendar">>;
  getSharedCalendar(token: string, options: Options<"getSharedCalendar">): Call<Result<"getSharedCalendar"> | undefined>;
  /** Get the address of a calendar of all your trips: `POST /me/calendar-token`. */
  createCalendarToken(options?: Options<"createCalendarToken">): Call<Result<"createCalendarToken">>;
  /** Revoke the address of the calendar of all your trips: `DELETE /me/calendar-token`. */
  deleteCalendarToken(options?: Options<"deleteCalendarToken">): Call<Result<"deleteCalendarToken">>;
  /** Read all trips of a user as a calendar: `GET /calendars/{token}.ics`. */
  getCalendarFeed(token: string, options?: Options<"getCalendarFeed"> & Unconditional): Call<Result<"getCalendarFeed">>;
  getCalendarFeed(token: string, options: Options<"getCalendarFeed">): Call<Result<"getCalendarFeed"> | undefined>;
  /** Read a job: `GET /jobs/{jobId}`. */
  getJob(jobId: string, options?: Options<"getJob"> & Unconditional): Call<Result<"getJob">>;
  getJob(jobId: string, options: Options<"getJob">): Call<Result<"getJob"> | undefined>;
  /** List webhooks: `GET /webhooks`. */
  listWebhooks(options?: Options<"listWebhooks"> & Unconditional): Call<Result<"listWebhooks">>;
  listWebhooks(options: Options<"listWebhooks">): Call<Result<"listWebhooks"> | undefined>;
  /** List webhooks, page after page: `GET /webhooks`. */
  iterateWebhooks(options?: PageOptions<"listWebhooks">): AsyncIterableIterator<Item<"listWebhooks">>;
  /** Create a webhook: `POST /webhooks`. */
  createWebhook(body: Body<"createWebhook">, options?: Options<"createWebhook">): Call<Result<"createWebhook">>;
  /** Change a webhook, or enable it again: `PATCH /webhooks/{webhookId}`. */
  updateWebhook(webhookId: string, body: Body<"updateWebhook">, options?: Options<"updateWebhook">): Call<Result<"updateWebhook">>;
  /** Delete a webhook: `DELETE /webhooks/{webhookId}`. */
  deleteWebhook(webhookId: string, options?: Options<"deleteWebhook">): Call<Result<"deleteWebhook">>;
  /** Send a webhook a delivery to answer: `POST /webhooks/{webhookId}/test`. */
  testWebhook(webhookId: string, options?: Options<"testWebhook">): Call<Result<"testWebhook">>;
  /** List a webhook's deliveries, newest first: `GET /webhooks/{webhookId}/deliveries`. */
  listDeliveries(webhookId: string, options?: Options<"listDeliveries"> & Unconditional): Call<Result<"listDeliveries">>;
  listDeliveries(webhookId: string, options: Options<"listDeliveries">): Call<Result<"listDeliveries"> | undefined>;
  /** List a webhook's deliveries, newest first, page after page: `GET /webhooks/{webhookId}/deliveries`. */
  iterateDeliveries(webhookId: string, options?: PageOptions<"listDeliveries">): AsyncIterableIterator<Item<"listDeliveries">>;
  /** Deliver something again: `POST /webhooks/{webhookId}/deliveries/{deliveryId}/redeliver`. */
  redeliver(webhookId: string, deliveryId: string, options?: Options<"redeliver">): Call<Result<"redeliver">>;
  /** This description: `GET /openapi.json`. */
  getOpenApi(options?: Options<"getOpenApi">): Call<Result<"getOpenApi">>;
}

/** Those that a share token opens. */
export interface SharedOperations {
  /** Read a shared trip: `GET /shared/trips/{token}`. */
  getSharedTrip(options?: Options<"getSharedTrip"> & Unconditional): Call<Result<"getSharedTrip">>;
  getSharedTrip(options: Options<"getSharedTrip">): Call<Result<"getSharedTrip"> | undefined>;
  /** Read a whole shared trip: `GET /shared/trips/{token}/export`. */
  exportSharedTrip(options?: Options<"exportSharedTrip"> & Unconditional): Call<Result<"exportSharedTrip">>;
  exportSharedTrip(options: Options<"exportSharedTrip">): Call<Result<"exportSharedTrip"> | undefined>;
  /** Read a shared trip as a calendar: `GET /shared/trips/{token}/calendar.ics`. */
  getSharedCalendar(options?: Options<"getSharedCalendar"> & Unconditional): Call<Result<"getSharedCalendar">>;
  getSharedCalendar(options: Options<"getSharedCalendar">): Call<Result<"getSharedCalendar"> | undefined>;
}
